"""Write Streamlit's own log records in Storecast's format."""

import streamlit.logger

from forecasting.config import logs


def adopt_streamlit_loggers() -> None:
    """Give the loggers that Streamlit makes from now on no handler and no format of their own.

    Written for Streamlit 1.67, whose `streamlit.logger.get_logger` passes each new logger to the module's
    function `setup_formatter`.
    """
    streamlit.logger.setup_formatter = logs.adopt
