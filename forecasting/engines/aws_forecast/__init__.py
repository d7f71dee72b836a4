"""AWS Forecast as an engine that trains and forecasts elsewhere (docs/adr/0014-aws-forecast.md).

boto3 is imported where the first client is made: who does not use AWS never imports it.
"""
