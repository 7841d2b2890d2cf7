"""Serves one model version: `python -m greenramp.serving --model PATH ...`; exit codes are in `ExitCode`."""

import argparse
import os
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from greenramp.serving.identity import Identity
from greenramp.serving.listening import open_for_requests, reserve
from greenramp.serving.predictionlog import PredictionLog


class ExitCode(IntEnum):
    """What the process tells the one who started it."""

    STOPPED = 0  # asked to stop; requests in flight were answered, the log is complete
    USAGE = 2  # wrong arguments, or the log can't be written
    MODEL_DOES_NOT_LOAD = 3
    PORT_TAKEN = 4


def main(arguments: Sequence[str] | None = None) -> ExitCode:
    """Serve until asked to stop."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if args.log_columns and args.log_inputs is None:
        parser.error("argument --log-columns: needs --log-inputs rows")
    identity = Identity(args.service, args.environment, args.model_version)
    try:
        bound = reserve(args.host, args.port)
    except OSError as error:
        return _port_taken(args, error)
    try:
        log = PredictionLog(args.log, identity, args.log_megabytes * 1024 * 1024, columns=args.log_columns)
    except OSError as error:
        _say(f"can't write the prediction log {args.log}: {error.strerror or error}")
        return ExitCode.USAGE
    with bound, log:
        return _serve(args, bound, identity, log)


def _serve(args: argparse.Namespace, bound: socket.socket, identity: Identity, log: PredictionLog) -> ExitCode:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # like SIGTERM, it ends the process at once while the model loads
    try:
        # Imported here, because a model's own virtual environment may lack them: that is a model that does not load.
        from greenramp.serving.loading import load_app
        from greenramp.serving.server import serve

        app, workers = load_app(
            args.model, identity, log.record, args.max_body_bytes, args.log_inputs is not None, args.log_headers
        )
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a model's own code may raise anything; it ends here
        traceback.print_exc()
        first_line = next(iter(str(error).splitlines()), "")
        name = type(error).__name__
        _say(f"model version {identity.version} of {identity.service} does not load: {name}: {first_line}")
        return ExitCode.MODEL_DOES_NOT_LOAD
    try:
        open_for_requests(bound)
    except OSError as error:
        return _port_taken(args, error)
    host, port = bound.getsockname()[:2]
    _say(f"model version {identity.version} of {identity.service} is ready on {host}:{port} ({identity.environment})")
    serve(app, bound, args.drain_seconds)
    if not workers.close():  # a prediction that still runs could crash the interpreter's orderly end
        log.close()
        _say(f"stopped with a prediction still running after {args.drain_seconds} s")
        os._exit(ExitCode.STOPPED)
    return ExitCode.STOPPED


def _port_taken(args: argparse.Namespace, error: OSError) -> ExitCode:
    _say(f"can't listen on port {args.port} of {args.host}: {error.strerror or error}")
    return ExitCode.PORT_TAKEN


def _say(sentence: str) -> None:
    sys.stderr.write(f"greenramp.serving: {sentence}\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m greenramp.serving", description="Serve one MLflow model version.")
    add = parser.add_argument
    add("--model", type=Path, required=True, help="directory of the MLflow model")
    add("--service", type=_name, required=True, help="name of the service, sent as x-service")
    add("--environment", type=_name, required=True, help="blue or green, sent as x-environment")
    add("--model-version", type=_name, required=True, help="number of the model version, sent as x-model-version")
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=_port, required=True, help="port to listen on; 0 takes a free one and names it on stderr")
    add("--log", type=Path, required=True, help="prediction log; older lines are in the same name with .1")
    add("--drain-seconds", type=_positive, default=30, help="how long to finish requests when stopped (%(default)s)")
    add("--max-body-bytes", type=_positive, default=16 * 1024 * 1024, help="larger requests get 413 (%(default)s)")
    add("--log-megabytes", type=_positive, default=64, help="size of each of the two log files (%(default)s)")
    add("--log-inputs", choices=["rows"], help="also log what was asked: the columns and rows of JSON requests")
    add("--log-columns", type=_columns, help="of the inputs log only these columns, separated by commas")
    add("--log-headers", type=_columns, default=[], help="also log these headers of requests, separated by commas")
    return parser


def _name(text: str) -> str:
    """Accept what can stand in a header."""
    if not text.isascii() or not text.isprintable() or text != text.strip() or not text:
        raise argparse.ArgumentTypeError(f"must be printable ASCII without spaces around it: {text!r}")
    return text


def _columns(text: str) -> list[str]:
    names = text.split(",")
    if not all(names):
        raise argparse.ArgumentTypeError(f"must be names, separated by commas: {text!r}")
    return names


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"must be from 0 to 65535: {text}")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1: {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
