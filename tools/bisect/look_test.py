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

"""Tests the look into a TFMOT that is not installed."""

import json
import os
import pathlib
import subprocess
import sys

from absl.testing import absltest
from absl.testing import parameterized

from tools.bisect import look

_CODE = """
from x import y as Known
class Decay:
  def __init__(self, start, power=3, *, end=-1):
    pass
def apply(): pass
"""


class LookTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.top = pathlib.Path(self.create_tempdir().full_path)
    package = self.top / 'tensorflow_model_optimization'
    package.mkdir()
    self.code = package / 'a.py'
    self.code.write_text(_CODE)

  def look(self, *flags, seed='1'):
    """Runs it as a command; returns the exit code and the failures."""
    done = subprocess.run(
        [sys.executable, '-I', '-S', look.__file__, self.top, *flags],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, 'BISECT_SEED': seed},
    )
    if not done.stdout:
      return done.returncode, done.stderr.strip().splitlines()[-1]
    return done.returncode, json.loads(done.stdout)['failures']

  @parameterized.parameters(
      (('--lacks', 'Decay'), ['has Decay']),
      (('--lacks', 'Known', 'Nothing'), ['has Known']),
      (('--has', 'apply', 'Nothing'), ['lacks Nothing']),
      (('--default', 'Decay.power=3'), []),
      (('--default', 'Decay.power=1'), ['Decay.power is not 1']),
      (('--default', 'Decay.start=1'), ['Decay.start is not 1']),
      (('--default', 'Other.power=3'), ['Other.power is not 3']),
  )
  def test_finds(self, flags, expected):
    self.assertEqual(self.look(*flags), (1 if expected else 0, expected))

  def test_code_that_is_broken_fails_differently(self):
    self.code.write_text(_CODE + 'def (:\n')
    code, said = self.look('--default', 'Decay.power=3')
    self.assertEqual(code, 1)
    self.assertStartsWith(said, 'SyntaxError: ')

  def test_noise(self):
    seen = {}
    for failing in (True, False):
      shown = 0
      for number in range(1000):
        shown += look.shows(failing, f'0.8,0.05,key {number}')
      seen[failing] = shown / 1000
    self.assertAlmostEqual(seen[True], 0.8, delta=0.05)
    self.assertAlmostEqual(seen[False], 0.05, delta=0.03)
    flags = ('--lacks', 'Decay', '--noise', '0.5,0,key')
    found = [self.look(*flags, seed=str(seed))[0] for seed in range(8)]
    self.assertCountEqual(set(found), [0, 1])
    again = [self.look(*flags, seed=str(seed))[0] for seed in range(8)]
    self.assertEqual(found, again)


if __name__ == '__main__':
  absltest.main()
