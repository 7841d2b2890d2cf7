"""The embedded site: supervisord, Envoy, MLflow, a Prefect server and a worker, on this machine's loopback."""
