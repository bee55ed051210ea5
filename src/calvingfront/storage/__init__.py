"""Files that one step leaves for the next, with checksums: tables, records, packed arrays."""
