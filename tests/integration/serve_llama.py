"""Runs llama.cpp's server for one model until its input ends: ``serve_llama.py MODEL chat|embed``.

The first line of its output that begins with ``http`` is where it listens.
"""

from __future__ import annotations

import sys

import xllamacpp


def main(path: str, purpose: str) -> None:
    """Serves on a free port of this machine."""
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {"tiny"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = 4
    params.n_ctx = 4 * 16384
    params.n_batch = params.n_ubatch = 2048
    params.warmup = False
    params.cpuparams.n_threads = 1
    params.n_threads_http = 64  # an idle connection keeps its thread for 5 seconds
    if purpose == "embed":
        params.embedding = True
        params.kv_unified = True  # else texts of one request change each other's vectors, as of October 2026
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
