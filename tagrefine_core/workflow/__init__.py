"""What the command line and the pages call: each task from beginning to end, and who may begin it when."""

from tagrefine_core.runs.summaries import TagSummary
from tagrefine_core.workflow.auditing import AuditSheet, audit, new_audit
from tagrefine_core.workflow.curating import (
    TagLimit,
    TagRule,
    set_tag_limit,
    set_tag_rules,
    tag_limits,
    tag_rules,
)
from tagrefine_core.workflow.expecting import ExpectedTime, expected_time, too_little
from tagrefine_core.workflow.exporting import FORMATS, Export, exports, run_to_export, undo_export
from tagrefine_core.workflow.importing import (
    delete_collection,
    import_collection,
    make_demo,
    what_is_replaced,
)
from tagrefine_core.workflow.intervals import ranking_intervals
from tagrefine_core.workflow.judging import (
    Duplicate,
    changes_of,
    duplicates,
    explain,
    export_refined,
    suspicious,
    tag_summaries,
)
from tagrefine_core.workflow.learning import WhatMoved, what_moved
from tagrefine_core.workflow.mapping import make_map
from tagrefine_core.workflow.measuring import HandedOut, handed_out_of, measure_handed_out
from tagrefine_core.workflow.merging import (
    Alias,
    aliases,
    import_again,
    keep_apart,
    merge_proposals,
    set_alias,
)
from tagrefine_core.workflow.outcomes import (
    Annotation,
    annotate,
    evaluate_run,
    evaluate_user_tags,
    evaluate_wider,
    neighborhoods,
    open_annotator,
)
from tagrefine_core.workflow.reporting import audit_report, export_report, run_to_report
from tagrefine_core.workflow.reviewing import DoubtfulMerge, doubtful_merges
from tagrefine_core.workflow.rules import refusal
from tagrefine_core.workflow.starting import Work, again, record_job, start_job
from tagrefine_core.workflow.training import best_run, delete_run, name_run, train_collection
from tagrefine_core.workflow.verdicts import GivenVerdict, redo, undo, verdict, verdicts

__all__ = [
    "FORMATS",
    "Alias",
    "Annotation",
    "AuditSheet",
    "DoubtfulMerge",
    "Duplicate",
    "ExpectedTime",
    "Export",
    "GivenVerdict",
    "HandedOut",
    "TagLimit",
    "TagRule",
    "TagSummary",
    "WhatMoved",
    "Work",
    "again",
    "aliases",
    "annotate",
    "audit",
    "audit_report",
    "best_run",
    "changes_of",
    "delete_collection",
    "delete_run",
    "doubtful_merges",
    "duplicates",
    "evaluate_run",
    "evaluate_user_tags",
    "evaluate_wider",
    "expected_time",
    "explain",
    "export_refined",
    "export_report",
    "exports",
    "handed_out_of",
    "import_again",
    "import_collection",
    "keep_apart",
    "make_demo",
    "make_map",
    "measure_handed_out",
    "merge_proposals",
    "name_run",
    "neighborhoods",
    "new_audit",
    "open_annotator",
    "ranking_intervals",
    "record_job",
    "redo",
    "refusal",
    "run_to_export",
    "run_to_report",
    "set_alias",
    "set_tag_limit",
    "set_tag_rules",
    "start_job",
    "suspicious",
    "tag_limits",
    "tag_rules",
    "tag_summaries",
    "too_little",
    "train_collection",
    "undo",
    "undo_export",
    "verdict",
    "verdicts",
    "what_is_replaced",
    "what_moved",
]
