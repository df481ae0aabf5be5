"""One module for each tool whose files are read: a value of the file in, the usage it tells of out. PURE."""
