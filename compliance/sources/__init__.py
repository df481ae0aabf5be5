"""Where terms come from: archives and folders read, texts told apart, dates read, bytes kept."""
