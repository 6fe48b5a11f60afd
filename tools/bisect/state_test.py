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

"""Tests the file that a bisection goes on from."""

import fcntl
import pathlib
import threading

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.bisect import signature
from tools.bisect import state as states

_REQUEST = {'target': '//a:b', 'good': {'tfmot': '1'}}


class StateTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.path = pathlib.Path(self.create_tempdir().full_path) / 'x/state.json'

  def test_goes_on(self):
    run = signature.Run({'tfmot': '1'}, 1, ('a',), {'m': 0.5}, 2.0)
    with states.opened(self.path, _REQUEST) as state:
      state.noisy = True
      state.add(run)
    partial = self.path.with_name('state.json.partial')
    partial.write_text('{"runs"')
    with states.opened(self.path, _REQUEST) as state:
      self.assertEqual(state.runs, [run])
      self.assertTrue(state.noisy)
    with states.opened(self.path, _REQUEST, fresh=True) as state:
      self.assertEmpty(state.runs)

  def test_what_could_not_be_tested_is_forgotten(self):
    good = signature.Run({'tfmot': '1'}, 1, (), {}, 2.0)
    full = signature.Run({'tfmot': '2'}, 1, (), {}, 0.1, 'the disk is full')
    with states.opened(self.path, _REQUEST) as state:
      state.add(good)
      state.add(full)
      self.assertEqual(state.forget_unusable(), 1)
    with states.opened(self.path, _REQUEST) as state:
      self.assertEqual(state.runs, [good])

  def test_of_another_bisection(self):
    with states.opened(self.path, _REQUEST) as state:
      state.save()
    with self.assertRaisesRegex(errors.InputError, 'another bisection: its go'):
      with states.opened(self.path, {**_REQUEST, 'good': {'tfmot': '2'}}):
        self.fail('it was opened')

  @parameterized.parameters(
      ('', 'Expecting value'),
      ('[]', 'TypeError'),
      ('{"runs": [], "noisy": false}', "KeyError.'request'"),
      (
          '{"request": {}, "noisy": false, "runs": [{"failures": []}]}',
          'missing',
      ),
      ('{"request": {}, "noisy": false, "runs": [3]}', 'mapping'),
      ('{"request": [], "noisy": false, "runs": []}', 'TypeError'),
  )
  def test_broken(self, text, message):
    self.path.parent.mkdir()
    self.path.write_text(text)
    with self.assertRaisesRegex(errors.InputError, message):
      with states.opened(self.path, _REQUEST):
        self.fail('it was opened')
    self.assertEqual(self.path.read_text(), text)

  def test_child_of_one_that_was_killed_is_waited_for(self):
    self.path.parent.mkdir()
    lock = open(self.path.with_name('state.json.lock'), 'w', encoding='utf-8')
    fcntl.flock(lock, fcntl.LOCK_EX)
    closing = threading.Timer(0.3, lock.close)
    closing.start()
    with states.opened(self.path, _REQUEST) as state:
      self.assertEmpty(state.runs)
    closing.join()

  @absltest.mock.patch.object(states, '_PATIENCE', 0.1)
  def test_in_use(self):
    with states.opened(self.path, _REQUEST):
      with self.assertRaisesRegex(errors.InputError, 'another bisection is at'):
        with states.opened(self.path, _REQUEST):
          self.fail('it was opened twice')

  def test_a_folder(self):
    for folder in (pathlib.Path('/'), self.path.parent.parent):
      with self.assertRaisesRegex(errors.InputError, 'is a folder: give a fi'):
        with states.opened(folder, _REQUEST):
          self.fail('it was opened')

  def test_place_that_cannot_be_written(self):
    self.path.parent.touch()
    with self.assertRaisesRegex(errors.InputError, 'cannot write'):
      with states.opened(self.path, _REQUEST):
        self.fail('it was opened')


if __name__ == '__main__':
  absltest.main()
