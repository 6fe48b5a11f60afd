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

"""Kills 51 syncs at random moments: there is never a broken or mixed tree.

A third of the moments are random times, a third are random lines of the code
that writes, and a third are random lines of the module that swaps, where next
to no time is spent. After each kill, --check has to find the old tree or the
new one, whole, and the next sync has to work.
"""

import os
import random
import signal
import sys
import time

from absl.testing import absltest

from tools.base import files
from tools.base import git
from tools.mirror import command
from tools.mirror import fork
from tools.mirror import install
from tools.mirror import testing
from tools.mirror import tree

_KILLS = 51
_SWAPS = (install.__file__,)
_WRITES = (
    files.__file__,
    git.__file__,
    install.__file__,
    tree.__file__,
)


class KillTest(testing.ForkTestCase):

  def setUp(self):
    super().setUp()
    more = {f'official/vision/m{n}.py': f'm = {n}\n' * 50 for n in range(40)}
    testing.write(self.upstream, more)
    self.sync()
    self.patch('core: five', 'official/core.py', 'line_5 = 5', 'line_5 = 55')
    self.patch('orbit: six', 'orbit/loop.py', 'step_6 = 6', 'six = 6')
    self.versions = {}
    for name, count in (('one', 1), ('two', 3)):
      folder = self.scratch / name
      files = {**testing.FILES, **more}
      files['official/core.py'] = 'new = 1\n' * count + testing.LINES
      files[f'official/only_{name}.py'] = f'# {name}\n'
      testing.write(folder, files)
      self.flags = ['--source', f'folder:{folder}']
      began = time.monotonic()
      self.sync(*self.flags)
      self.seconds = time.monotonic() - began
      self.versions[name] = self.snapshot()

  def run_and_die(self, name, seconds=None, lines=None, files=()):
    """Starts a sync in a process of its own that is killed on its way.

    Args:
      name: Of the version to move to.
      seconds: When it is killed.
      lines: At which line of `files` it kills itself.
      files: Of the code.

    Returns:
      Whether it was still running.
    """
    pid = os.fork()
    if not pid:
      left = lines

      def trace(frame, event, unused_arg):
        nonlocal left
        if frame.f_code.co_filename not in files:
          return None
        if event == 'line':
          left -= 1
          if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

      try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        if lines:
          sys.settrace(trace)
        command.main(self.arguments(name))
      except SystemExit as error:
        os._exit(error.code)
      finally:
        os._exit(77)
    if seconds:
      time.sleep(seconds)
      os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    self.assertIn(code, (0, -signal.SIGKILL))
    return code != 0

  def arguments(self, name):
    source = f'folder:{self.scratch / name}'
    return ['--root', str(self.root), '--source', source]

  def which(self):
    """Returns the name of the version that `official/` is, byte for byte."""
    found = self.snapshot()
    names = [n for n, files in self.versions.items() if files == found]
    self.assertLen(names, 1)
    return names[0]

  def lines_of_a_sync(self, name, files):
    """Returns how many lines of `files` a whole sync runs."""
    count = 0

    def trace(frame, event, unused_arg):
      nonlocal count
      if frame.f_code.co_filename not in files:
        return None
      count += event == 'line'
      return trace

    sys.settrace(trace)
    try:
      self.sync('--source', f'folder:{self.scratch / name}')
    finally:
      sys.settrace(None)
    return count

  def test_kills(self):
    rng = random.Random(3)
    writes = self.lines_of_a_sync('one', _WRITES)
    swaps = self.lines_of_a_sync('two', _SWAPS)
    now, ends = 'two', []
    for number in range(_KILLS):
      other = 'two' if now == 'one' else 'one'
      how = (
          {'seconds': rng.uniform(0.001, self.seconds)},
          {'lines': rng.randrange(1, writes), 'files': _WRITES},
          {'lines': rng.randrange(1, swaps), 'files': _SWAPS},
      )[number % 3]
      killed = self.run_and_die(other, **how)
      with self.subTest(number=number, **how):
        self.sync('--check')
        found = self.which()
        ends.append((killed, found != now))
        fork.packages(self.root)  # It is made where the kill left none.
        self.sync('--source', f'folder:{self.scratch / other}')
        self.assertEqual(self.which(), other)
        left = (self.root / fork.FOLDER).iterdir()
        kinds = {path.name.split('-')[0] for path in left}
        self.assertNoCommonElements(
            kinds, {'journal.json', 'stage', 'kept', 'work'}
        )
        now = other
    count = {end: ends.count(end) for end in sorted(set(ends))}
    print(f'{_KILLS} syncs, (killed, moved): {count}', file=sys.stderr)
    self.assertGreater(count.get((True, False), 0), _KILLS // 3)
    self.assertGreater(count.get((True, True), 0), 0)


if __name__ == '__main__':
  absltest.main()
