"""Moto on loopback, at a port of its own, for one test; it ends when that does.

Started as `python run.py FOLDER` with a pipe as standard input that the test process holds open. Writes FOLDER/port once it listens.
"""

import os
import shutil
import sys
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

FOLDER = sys.argv[1]


def end_with_the_test():
    while os.read(0, 4096):
        pass
    shutil.rmtree(FOLDER, ignore_errors=True)
    os._exit(0)


threading.Thread(target=end_with_the_test, daemon=True).start()
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
with open(os.path.join(FOLDER, "port.part"), "w") as file:
    file.write(str(server.server_port))
os.rename(os.path.join(FOLDER, "port.part"), os.path.join(FOLDER, "port"))
server.serve_forever()
