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

"""Tests that nothing is lost: kills, full disks, two syncs at once."""

import os
import resource
import signal

from absl.testing import absltest
from absl.testing import parameterized

from tools.mirror import fork
from tools.mirror import install
from tools.mirror import testing


class NothingLostTest(testing.ForkTestCase):

  def setUp(self):
    super().setUp()
    self.sync()
    self.before = self.snapshot()
    self.edit(self.upstream, 'official/core.py', 'line_0', 'line_zero')

  def test_second_sync_waits_and_says_so(self):
    space = install.Space(self.root)
    with space.exclusive():
      other = self.start()
      self.assertIn('waiting for another sync', other.stdout.readline())
      self.assertEqual(self.snapshot(), self.before)
    self.assertIn('official/ is', other.communicate()[0])
    self.assertIn('line_zero', self.mirror()['official/core.py'])

  def test_write_that_fails_half_way(self):
    testing.write(self.upstream, {'official/large.py': 'x' * 300_000})
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
      said = self.sync(code=2)
    finally:
      resource.setrlimit(resource.RLIMIT_FSIZE, limits)
      signal.signal(signal.SIGXFSZ, old)
    self.assertRegex(said, 'cannot write|failed')
    self.assertEqual(self.snapshot(), self.before)
    self.sync('--check')
    self.sync()

  def test_edit_made_while_the_sync_runs_is_kept(self):
    real = install.exchange

    def exchange(one, other):
      self.edit(self.official, 'BUILD', 'Ours', 'Meanwhile')
      real(one, other)

    with absltest.mock.patch.object(install, 'exchange', exchange):
      self.assertIn('kept in', self.sync())
    (kept,) = (self.root / fork.FOLDER).glob('kept-*')
    self.assertIn('Meanwhile', (kept / 'BUILD').read_text())

  def test_folders_that_cannot_be_exchanged(self):
    with self.assertRaisesRegex(ValueError, 'cannot exchange'):
      install.exchange(self.scratch / 'none', self.official)

  def die(self, exchange):
    """Runs a sync in a process of its own, which ends in `exchange`."""
    pid = os.fork()
    if not pid:
      real, install.exchange = install.exchange, lambda *both: exchange(
          real, both
      )
      try:
        self.sync()
      finally:
        os._exit(1)
    self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 9)

  @parameterized.parameters('stage', 'swap')
  def test_next_run_says_which_tree_it_is(self, when):
    def killed(real, both):
      if when == 'swap':
        real(*both)
      os._exit(9)

    self.die(killed)
    message = 'an earlier sync was stopped; official/ is whole'
    self.assertIn(message, self.sync('--check'))
    self.assertEqual(self.snapshot() != self.before, when == 'swap')
    self.assertIn(message, self.sync())
    self.assertNotIn('stopped', self.sync('--check'))
    self.assertIn('line_zero', self.mirror()['official/core.py'])

  def test_edit_before_a_kill_is_kept(self):
    def killed(real, both):
      self.edit(self.official, 'BUILD', 'Ours', 'Meanwhile')
      real(*both)
      os._exit(9)

    self.die(killed)
    self.assertIn('kept in', self.sync())
    (kept,) = (self.root / fork.FOLDER).glob('kept-*')
    self.assertIn('Meanwhile', (kept / 'BUILD').read_text())


if __name__ == '__main__':
  absltest.main()
