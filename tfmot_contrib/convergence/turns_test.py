# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Tests that trainings wait for their turn."""

import fcntl
import os
import pathlib
import stat
import threading
from unittest import mock

from absl.testing import absltest

from tfmot_contrib.convergence import turns


class TurnsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folders = []
    for name in 'abc':
      folder = pathlib.Path(self.create_tempdir(name).full_path)
      folder.chmod(0o555)
      self.folders.append(folder)
    self.enterContext(
        mock.patch.object(turns, 'places', return_value=self.folders)
    )

  def cores(self, number: int):
    """Lets this process see some cores."""
    seen = set(range(number))
    self.enterContext(
        mock.patch.object(os, 'sched_getaffinity', return_value=seen)
    )

  def hold(self, folder: pathlib.Path) -> int:
    """Takes the place that a folder is; returns the descriptor to close."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor

  def start(self) -> tuple[threading.Thread, threading.Event]:
    """Starts a training; the event is set when it has its turn."""
    began = threading.Event()

    def train():
      with turns.turn(2, seconds=0.01):
        began.set()

    thread = threading.Thread(target=train, daemon=True)
    thread.start()
    return thread, began

  def test_one_more_than_fit(self):
    for number, expected in ((1, 1), (2, 2), (5, 3), (64, 33)):
      self.cores(number)
      self.assertEqual(turns.count(2), expected)

  def test_waits_until_a_place_is_free(self):
    self.cores(2)
    held = [self.hold(folder) for folder in self.folders[:2]]
    thread, began = self.start()
    self.assertFalse(began.wait(0.2))
    os.close(held.pop())
    self.assertTrue(began.wait(10))
    thread.join(10)
    self.assertFalse(thread.is_alive())
    os.close(held.pop())

  def test_a_place_is_given_back(self):
    self.cores(1)
    for _ in range(2):
      thread, began = self.start()
      self.assertTrue(began.wait(10))
      thread.join(10)

  def test_nothing_is_written(self):
    self.cores(2)
    with turns.turn(2):
      for folder in self.folders:
        self.assertEmpty(list(folder.iterdir()))
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o555)

  def test_a_file_system_without_locks(self):
    self.cores(1)
    with mock.patch.object(fcntl, 'flock', side_effect=OSError(37, 'no locks')):
      with turns.turn(2):
        pass


class PlacesTest(absltest.TestCase):

  def test_places_are_there_for_many_cores(self):
    self.assertGreater(len(turns.places()), 33)


if __name__ == '__main__':
  absltest.main()
