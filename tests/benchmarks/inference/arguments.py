"""What the scripts of run.sh have in common on their command lines."""

import argparse


def commas(text):
    return text.split(",")


def parser_of(description, required=True):
    """Of what run.sh gives each script; the rest is the script's own."""
    parser = argparse.ArgumentParser(description=description)
    for name, meaning in {
        "--program": "//tests/benchmarks/inference:engine",
        "--folder": "where checkpoints are made and kept",
        "--minilm": "the checkpoint of MiniLM",
    }.items():
        parser.add_argument(name, required=required, help=meaning)
    return parser
