"""Read models, one store each: the adapters of `consumers.read_model.ReadModel`, and what they are made of."""
