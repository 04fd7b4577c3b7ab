"""Who may use the app: by which names it is reached, and the token that keeps everybody else out."""

import os
import re
from dataclasses import dataclass
from typing import Self

from tagrefine_core.errors import ConfigError

__all__ = ["SHARE", "TOKEN", "Access"]

TOKEN = "TAGREFINE_TOKEN"
SHARE = "TAGREFINE_SHARE"

_SPELLING = re.compile(r"[A-Za-z0-9_-]{16,}")  # what an address and a cookie carry as it is


@dataclass(frozen=True, kw_only=True)
class Access:
    """The rule of one server, from its start to its end.

    Parameters
    ----------
    share : str, optional
        The one name or address by which others reach this machine; without it only this machine is answered.
    token : str, optional
        What a visitor has to know; required with ``share``. At least 16 letters, digits, ``-`` and ``_``.

    Raises
    ------
    ConfigError
        When the app would be shared without a token, or the token is short or does not fit into an address.
    """

    share: str | None = None
    token: str | None = None

    def __post_init__(self) -> None:
        if self.share and not self.token:
            raise ConfigError(
                f"The app would be shared as {self.share} with everybody who finds it. Set {TOKEN}, or start it "
                "with `app --share`, which makes a token."
            )
        if self.token and not _SPELLING.fullmatch(self.token):
            raise ConfigError(
                f"{TOKEN} must be at least 16 letters, digits, - and _; leave it out for a new one."
            )

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names that requests may ask for; any other means that somebody's page points its name at this machine."""
        return (self.share.lower(),) if self.share else ("127.0.0.1", "localhost")

    @classmethod
    def of_environment(cls) -> Self:
        """Read what the command ``app`` left for the server that it becomes."""
        return cls(share=os.environ.get(SHARE) or None, token=os.environ.get(TOKEN) or None)
