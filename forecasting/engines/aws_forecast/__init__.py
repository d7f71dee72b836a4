"""AWS Forecast as an engine that trains and forecasts elsewhere (ADR 0014).

boto3 is imported where the first client is made: who does not use AWS never imports it.
"""
