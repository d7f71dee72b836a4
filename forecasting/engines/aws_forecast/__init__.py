"""AWS Forecast as an engine that trains and forecasts elsewhere (ADR 0014).

boto3 is imported only when the first client is created, so installations without AWS never load it.
"""
