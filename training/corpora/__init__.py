"""Corpora that we know how to read: each becomes a folder with a table of labels, for `import_corpus`."""
