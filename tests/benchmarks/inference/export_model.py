"""export_model.py PEER CHECKPOINT FOLDER: writes what the peer loads into the folder."""

import sys

from peers.peer import class_of


def main():
    peer, checkpoint, folder = sys.argv[1:]
    class_of(peer).export(checkpoint, folder)


if __name__ == "__main__":
    main()
