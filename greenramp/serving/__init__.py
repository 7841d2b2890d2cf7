"""What runs inside an environment: MLflow's scoring protocol, with names on every answer and a prediction log."""
