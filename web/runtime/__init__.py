"""Start, stop and scheduling: everything that relies on private parts of Streamlit."""
