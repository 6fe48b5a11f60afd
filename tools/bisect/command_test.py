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

"""Tests the command as people call it, over updates of a mirror."""

import contextlib
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.bisect import builds
from tools.bisect import command
from tools.bisect import testing
from tools.env import bootstrap
from tools.env import environment

_COUNT = 12
_GUILTY = 7
# Fails from the guilty update on; takes long enough to be killed.
_PROBE = """
import os, subprocess, sys, time
top, value, *breaks = sys.argv[1:]
time.sleep(0.3)
commit = value.rpartition('@')[2]
said = subprocess.run(
    ['git', '-C', top, 'show', commit + ':official/upstream.lock'],
    capture_output=True, check=True, text=True).stdout
about = subprocess.run(
    ['git', '-C', top, 'log', '-1', '--format=%s', commit],
    capture_output=True, check=True, text=True).stdout
if breaks and about.startswith('Revert'):
  os.kill(os.getpid(), 9)
sys.exit('ValueError: bad mirror' if int(said) >= 7 else 0)
"""


class CommandTest(testing.CheckoutTestCase):

  def setUp(self):
    super().setUp()
    name = 'official/upstream.lock'
    self.shas = [self.commit(name, str(number)) for number in range(_COUNT)]
    self.state = self.scratch / 'state/state.json'
    self.probe = self.scratch / 'probe.py'
    self.probe.write_text(_PROBE)

  def start(self, *flags):
    """Starts the command."""
    argv = ['--good', f'mirror={self.shas[0]}', '--bad', 'mirror=HEAD']
    probe = f'{sys.executable} -I -S {self.probe} {self.top} {{mirror}}'
    argv += ['--command', probe, '--state', str(self.state), *flags]
    code = (
        'import pathlib, sys; from tools.bisect import command;'
        f' sys.exit(command.main({argv!r}, pathlib.Path({str(self.top)!r})))'
    )
    return subprocess.Popen(
        [sys.executable, '-c', code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(bootstrap.ROOT)},
    )

  def runs(self):
    """Returns the runs that the state has."""
    if not self.state.exists():
      return []
    return json.loads(self.state.read_text(encoding='utf-8'))['runs']

  def test_killed_anywhere_and_found(self):
    done = []
    for kills in range(1, 20):
      process = self.start()
      while process.poll() is None and len(self.runs()) == len(done):
        time.sleep(0.01)
      if process.poll() is None:
        time.sleep(0.05 * (kills % 4))
        process.send_signal(signal.SIGKILL)
      said = process.communicate()[0]
      self.assertEqual(self.runs()[: len(done)], done)
      done = self.runs()
      if process.returncode != -signal.SIGKILL:
        break
    self.assertEqual(process.returncode, 0, said)
    self.assertGreater(kills, 3)
    self.assertIn(f'first bad mirror: {self.shas[_GUILTY]}', said)
    self.assertIn('failure: exit 1: ValueError', said)
    result = json.loads((self.state.parent / 'result.json').read_text())
    self.assertEqual(result['verdict'], 'found')
    self.assertEqual(result['first_bad']['value'], self.shas[_GUILTY])
    self.assertEqual(result['last_good']['value'], self.shas[_GUILTY - 1])
    self.assertEqual(result['runs'], len(done))
    issue = (self.state.parent / 'issue.md').read_text()
    self.assertIn('none of TFMOT: it came with mirror', issue)
    self.assertRegex(issue, f'places are .* mirror {self.shas[_GUILTY]}')

  def test_budget_has_an_exit_code_of_its_own(self):
    process = self.start('--runs', '3')
    said = process.communicate()[0]
    self.assertEqual(process.returncode, 3, said)
    self.assertIn('inconclusive: the budget of 3 runs is spent', said)
    process = self.start('--runs', '30')
    said = process.communicate()[0]
    self.assertEqual(process.returncode, 0, said)
    self.assertIn('going on from', said)

  @parameterized.parameters(
      ('mirror=HEAD', 'mirror=HEAD~3', 'is no ancestor of'),
      ('tensorflow=2.20.0', 'tensorflow=foo', 'between tensorflow 2.20.0 and'),
      ('0.8.0', 'HEAD', 'or two commits with --checkout'),
  )
  def test_ends_that_make_no_row_are_never_run(self, good, bad, message):
    process = self.start(
        '--good', good, '--bad', bad, '--checkout', str(self.top)
    )
    said = process.communicate()[0]
    self.assertEqual(process.returncode, 2, said)
    self.assertRegex(said, rf'^error: .*{message}')
    self.assertEqual(self.runs(), [])

  @parameterized.parameters(
      ('', '', r'^branch revert-\w+ takes it back, and it is good$'),
      (
          '/x',
          '',
          r"^none: reverting \w+ failed: .*cannot lock ref '\S+revert-\w+'",
      ),
      ('', 'x', r'takes it back; it was not tested: .* killed by signal 9$'),
  )
  def test_what_was_found_is_written_with_or_without_a_revert(
      self, taken, breaks, said
  ):
    guilty = self.shas[_GUILTY]
    if taken:
      self.git('branch', f'revert-{guilty[:12]}{taken}')
    probe = f'{sys.executable} -I -S {self.probe} {self.top} {{tfmot}}'
    argv = ['--good', self.shas[0], '--bad', guilty, '--state', str(self.state)]
    argv += ['--checkout', str(self.top), '--command', f'{probe} {breaks}']
    self.enter_context(absltest.mock.patch.dict(os.environ))
    # These commits are none of TFMOT, so there are no wheels to compare.
    self.enter_context(
        absltest.mock.patch.object(
            builds, 'digest', lambda axis, value, _: value
        )
    )
    printed = self.enter_context(contextlib.redirect_stdout(io.StringIO()))
    self.assertEqual(command.main(argv, self.top), 0)
    self.assertStartsWith(printed.getvalue(), f'first bad tfmot: {guilty[:12]}')
    result = json.loads((self.state.parent / 'result.json').read_text())
    self.assertEqual(result['verdict'], 'found')
    self.assertRegex(result['revert']['said'], said)
    issue = (self.state.parent / 'issue.md').read_text()
    self.assertIn(f'Revert: {result["revert"]["said"]}.', issue)


class FlagsTest(parameterized.TestCase):

  @parameterized.parameters(
      ([], 'give one of --target and --command'),
      (['--target', '//a:b', '--command', 'c'], 'give one of --target and --c'),
      (['--command', 'c', '--metric', 'a', '--only', 'b'], '--metric and --o'),
      (['--command', 'c', '--confidence', '1'], '--confidence must be above'),
      (['--command', 'c', '--runs', '0'], '--runs must be above 0'),
      (['--command', 'c', '--minutes', 'nan'], '--minutes must be above 0'),
      (['--command', 'c'], 'are the same combination'),
      (['--command', 'c', '--bad', 'keras=3'], "'keras=3' is no AXIS=VALUE"),
      (['--command', 'c', '--bad='], "'' is no AXIS=VALUE"),
      (['--command', 'c', '--bad', 'tfmot='], 'is no AXIS=VALUE'),
      (['--command', 'c', '--bad=-x'], 'is no AXIS=VALUE'),
      (['--command', 'c', '--bad', '1.0,tfmot=1.1'], 'gives tfmot twice'),
      (['--command', 'c', '--bad', 'main'], 'for a commit give --checkout'),
      (['--command', 'c', '--checkout', '/no/such'], 'is no folder'),
      (['--command', 'c', '--checkout', '~no-one/x'], '~no-one/x is no folder'),
      (['--command', '', '--bad', '0.8.1'], 'give one of --target'),
      (['--command', ' ', '--bad', '0.8.1'], '--command is empty'),
  )
  def test_refused_in_one_line(self, flags, message):
    flags = ['--good', '0.8.0', '--bad', '0.8.0', *flags]
    with absltest.mock.patch.object(sys.stderr, 'write') as write:
      with self.assertRaises(SystemExit) as caught:
        command.main(flags)
    self.assertEqual(caught.exception.code, 2)
    said = ''.join(call.args[0] for call in write.call_args_list)
    self.assertStartsWith(said, 'error: ')
    self.assertIn(message, said)
    self.assertEqual(said.count('\n'), 1)

  def test_what_a_combination_does_not_name_is_what_is_in_force(self):
    default = {**environment.settings(), 'mirror': 'here'}
    for text, expected in (
        ('0.7.5', {'tfmot': '0.7.5'}),
        (
            'tensorflow=2, tfmot=one.whl',
            {'tensorflow': '2', 'tfmot': 'one.whl'},
        ),
    ):
      found = command._combination(text, '--good', bootstrap.ROOT, None)
      self.assertEqual(found, {**default, **expected})

  def test_no_commit(self):
    with self.assertRaisesRegex(errors.InputError, 'not a git repository'):
      command._combination(
          'main', '--good', bootstrap.ROOT, pathlib.Path(self.create_tempdir())
      )


if __name__ == '__main__':
  absltest.main()
