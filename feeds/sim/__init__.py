"""A simulated exchange: delays, queues, fills and scripted markets."""
