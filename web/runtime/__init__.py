"""Start, stop and scheduling of the server.

Everything that uses a private part of Streamlit or uvicorn is in this package. Each such place names the
version it was written for, and has a test that fails when the private part changes.
"""
