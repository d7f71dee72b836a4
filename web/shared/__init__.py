"""What several pages share: charts, formats, session state, caches."""
