"""Read what strangers' programs wrote: text of any encoding, tables, cells of tags, names of files."""
