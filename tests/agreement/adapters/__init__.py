"""Worked examples by id: from the inputs of an example to what the models say."""
