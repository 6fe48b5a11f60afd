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

"""Tests that libraries are quiet unless something fails."""

import os
import subprocess
import sys

from absl.testing import absltest

_PROGRAM = """
import os, sys
from tfmot_contrib.convergence import quiet
with quiet.quiet():
  print('of Python')
  os.write(2, b'of a library\\n')
  if sys.argv[1:]:
    raise ValueError('mine')
print('afterwards')
"""


class QuietTest(absltest.TestCase):

  def run_program(self, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the program in a process of its own."""
    return subprocess.run(
        [sys.executable, '-c', _PROGRAM, *arguments],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
        text=True,
    )

  def test_says_nothing_when_all_is_well(self):
    done = self.run_program()
    self.assertEqual((done.returncode, done.stderr), (0, ''))
    self.assertEqual(done.stdout, 'afterwards\n')

  def test_says_all_when_it_fails(self):
    done = self.run_program('fail')
    self.assertEqual((done.returncode, done.stdout), (1, ''))
    said = done.stderr.splitlines()
    self.assertContainsSubset(['of a library', 'of Python'], said)
    self.assertEndsWith(done.stderr, 'ValueError: mine\n')


if __name__ == '__main__':
  absltest.main()
