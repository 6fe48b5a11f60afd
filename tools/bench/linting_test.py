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

"""Tests that what a command takes is measured, and a failure is one."""

import os
import sys

from absl.testing import absltest

from tfmot_contrib import errors
from tools.bench import linting


class LintingTest(absltest.TestCase):

  def test_processor_time_of_children_counts(self):
    busy = 'import time\nwhile time.process_time() < 0.3: pass'
    took = linting.measure([sys.executable, '-c', busy], os.environ)
    self.assertGreater(took.cpu, 0.25)
    self.assertGreaterEqual(took.wall, 0.2)
    idle = linting.measure(['sleep', '0.3'], os.environ)
    self.assertLess(idle.cpu, 0.2)

  def test_a_wrong_command_is_an_error(self):
    code = 'import sys; sys.exit("error")'
    linting.measure([sys.executable, '-c', code], os.environ)
    code = 'import sys; print("error: x", file=sys.stderr); sys.exit(2)'
    with self.assertRaisesRegex(errors.InputError, 'error: x'):
      linting.measure([sys.executable, '-c', code], os.environ)


if __name__ == '__main__':
  absltest.main()
