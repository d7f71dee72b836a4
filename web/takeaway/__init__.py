"""What planners take away: tables with their origin, as CSV or as an Excel file. Knows no Streamlit."""
