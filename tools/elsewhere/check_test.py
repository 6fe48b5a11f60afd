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


"""Tests of the check on a small repository and commands that take no time."""

import contextlib
import io
import os
import pathlib
import signal
import subprocess
import sys

from absl.testing import absltest

from tfmot_contrib import errors
from tools.base import git
from tools.elsewhere import check
from tools.elsewhere import place as place_lib
from tools.elsewhere import surroundings
from tools.mirror import testing

_READ = place_lib.Command('read', ('cat', 'file'), 'green')
_FAIL = place_lib.Command('fail', ('sh', '-c', 'echo because; exit 4'), '')
_WAIT = """
import pathlib, sys
from tools.elsewhere import check, check_test, place
source, scratch, sign = sys.argv[1:]
check.end_as_ctrl_c_does()
words = ('sh', '-c', 'echo > "$0"; sleep 99 # {clone}', sign)
wait = place.Command('wait', words, '')
row = check_test.row('row', check_test.plain, commands=(wait,))
check.check(pathlib.Path(source), [row], top=scratch)
"""


def plain(place: place_lib.Place) -> None:
  """Plain."""
  place.environ['PLAIN'] = '1'


def other(place: place_lib.Place) -> None:
  """Other."""
  place.environ['OTHER'] = '1'


def nowhere(place: place_lib.Place) -> None:
  """Nowhere."""
  raise place_lib.NotHereError('no machine has it')


def row(name: str, *tried, commands=(_READ,), **kwargs):
  return surroundings.Combination(name, tried, commands, **kwargs)


class CheckTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    self.source = self.folder / 'source'
    self.source.mkdir()
    (self.source / 'file').write_text('green', encoding='utf-8')
    git.configure(self.source)
    testing.commit(self.source, 'One')
    self.scratch = self.folder / 'scratch'
    self.scratch.mkdir()

  def check(self, *rows, **kwargs) -> tuple[int, str]:
    """Returns the exit code of the check and what it printed."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
      code = check.check(self.source, rows, top=str(self.scratch), **kwargs)
    return code, out.getvalue()

  def test_held(self):
    code, text = self.check(row('a', plain), row('b', other, nowhere))
    self.assertEqual(code, 0, text)
    self.assertRegex(text, r'check: a \(Plain\): held, \d+ s\n')
    self.assertRegex(text, r'check: b \(Other\): held')
    self.assertTrue(
        text.endswith(
            '2 surroundings held, 0 failed, 1 could not be tried here: Nowhere'
            ' (no machine has it)\n'
        ),
        text,
    )
    self.assertEmpty(list(self.scratch.iterdir()))

  def test_head_is_checked(self):
    (self.source / 'file').write_text('red', encoding='utf-8')
    self.assertEqual(self.check(row('a', plain))[0], 0)
    testing.commit(self.source, 'Two')
    code, text = self.check(row('a', plain))
    self.assertEqual(code, 1)
    self.assertIn('read: it does not say "green"\n    | red\n', text)

  def test_failed(self):
    rows = (
        row('a', plain),
        row('b', plain, other, commands=(_FAIL, _READ)),
        row('c', nowhere, commands=(_FAIL,)),
    )
    code, text = self.check(*rows)
    self.assertEqual(code, 1)
    self.assertRegex(text, r'b \(Plain; Other\): failed')
    self.assertIn('  fail: exit code 4\n    | because\n', text)
    self.assertIn('0 surroundings held, 2 failed, 1 could not', text)

  def test_keep(self):
    _, text = self.check(row('a', plain), keep=True)
    (kept,) = self.scratch.iterdir()
    self.assertIn(f'kept {kept}', text)
    self.assertTrue((kept / 'a/clone/file').is_file())

  def test_a_cache_stays_until_it_was_used(self):
    seen = []

    def looks(place: place_lib.Place) -> None:
      """Looks."""
      seen.append(place.cache)
      self.assertTrue(place.cache.parents[2].is_dir())

    self.check(row('a', plain), row('b', looks, cache_of='a'))
    self.assertLen(seen, 1)

  def test_interrupted(self):
    sign = self.folder / 'runs'
    os.mkfifo(sign)
    command = [sys.executable, '-c', _WAIT, self.source, self.scratch, sign]
    environ = os.environ | {'PYTHONPATH': os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environ) as process:
      sign.read_text(encoding='utf-8')  # Until the command runs.
      process.send_signal(signal.SIGTERM)
      self.assertEqual(process.wait(60), 128 + signal.SIGTERM)
    self.assertEmpty(list(self.scratch.iterdir()))


class ChosenTest(absltest.TestCase):

  def test_what_is_needed_comes_too(self):
    rows = [row('a', plain), row('b', plain), row('c', plain, cache_of='a')]
    for names, expected in (([], 'abc'), (['b'], 'b'), (['c'], 'ac')):
      chosen = check.chosen(rows, names)
      self.assertEqual(''.join(r.name for r in chosen), expected)

  def test_unknown(self):
    with self.assertRaisesRegex(errors.InputError, 'called x: choose of a'):
      check.chosen([row('a', plain)], ['x'])


if __name__ == '__main__':
  absltest.main()
