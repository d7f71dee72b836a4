"""The use cases that pages, HTTP and the command line call."""
