"""All that faces the browser or the network, pages aside."""
