"""Starts a thread when it is imported."""

import threading

threading.Thread(target=threading.Event().wait, args=(0.01,)).start()
