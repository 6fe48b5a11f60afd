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


"""Tests of places: real clones, real commands, real processes."""

import os
import pathlib
import subprocess
import sys
import time
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tools.elsewhere import place as place_lib


def say(text: str, code: int = 0, **kwargs) -> place_lib.Command:
  """Returns a command that prints a text and ends."""
  words = ('sh', '-c', f'echo "{text}"; exit {code}')
  return place_lib.Command('say', words, 'well', **kwargs)


class PlaceTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    self.place = place_lib.new(self.folder / 'a')
    self.place.clone.mkdir()

  @parameterized.parameters(
      (say('all is well'), None),
      (say('ill'), 'say: it does not say "well"'),
      (say('well', 3), 'say: exit code 3'),
      (say('well', folder='no'), None),
      (
          say('Traceback (most recent call last):\n  File; well'),
          'say: a Python traceback',
      ),
      (
          say('ERROR: of Starlark: Traceback (most recent call last): well'),
          None,
      ),
      (
          place_lib.Command('no', ('no/such',), ''),
          'no: exit code 127',
      ),
  )
  def test_what_is_wrong(self, command, expected):
    (self.place.clone / 'no').mkdir()
    fault = self.place.run(command)
    self.assertEqual(fault and fault.what, expected)

  def test_last_lines(self):
    fault = self.place.run(say('\n'.join(map(str, range(20))), 1))
    self.assertEqual(fault.lines, tuple(map(str, range(8, 20))))

  def test_late(self):
    command = place_lib.Command('nap', ('sleep', '60'), '', seconds=1)
    start = time.monotonic()
    self.assertEqual(self.place.run(command).what, 'nap: no end within 1 s')
    self.assertLess(time.monotonic() - start, 20)

  def test_one_line_instead(self):
    self.place.one_line = '(?m)^error: .*colon'
    self.assertIsNone(self.place.run(say('error: a colon', 2)))
    self.assertIsNotNone(self.place.run(say('error: another', 2)))

  def test_surroundings_reach_the_command(self):
    self.place.umask = 0o077
    self.place.environ['COLOUR'] = 'green'
    self.place.wrappers = ['env', 'SHAPE=round']
    script = 'umask; echo $COLOUR $SHAPE; pwd; echo "$0"'
    words = ('sh', '-c', script, '{clone}/x')
    (self.place.clone / 'sub').mkdir()
    fault = self.place.run(place_lib.Command('c', words, '!', folder='sub'))
    clone = str(self.place.clone)
    expected = ('0077', 'green round', f'{clone}/sub', f'{clone}/x')
    self.assertEqual(fault.lines, expected)

  def test_nothing_of_this_process_is_there(self):
    own = {
        'HOME': '/home/me',
        'PYTHONPATH': '/x',
        'TFMOT': '0.8.0',
        'TFMOT_CHANNEL': 'floor',
        'NOX_CURRENT_SESSION': 'tests',
        'GIT_DIR': '/x',
        'GIT_SSL_CAINFO': '/ca',
        'TFMOT_MODELS_CACHE': '/c',
        'PATH': '/c/bootstrap/1/bin:/usr/bin',
    }
    with mock.patch.dict(os.environ, own, clear=True):
      place = place_lib.new(self.folder / 'b')
    expected = {'HOME', 'GIT_SSL_CAINFO', 'PATH', 'ELSEWHERE_CHECK'}
    self.assertEqual(set(place.environ), expected)
    self.assertEqual(place.environ['PATH'], '/usr/bin')
    self.assertEqual(place.cache, pathlib.Path('/c'))

  def test_judges(self):
    self.place.judges = [lambda: '', lambda: 'a', lambda: 'b']
    self.assertEqual(self.place.judge(), 'a; b')

  def test_clean(self):
    command = [sys.executable, '-c', 'import time; time.sleep(60)']
    inside = str(self.place.scratch / 'output_base')
    outside = self.folder / 'kept'
    outside.mkdir(mode=0o500)
    locked = self.place.scratch / 'base/external'
    locked.mkdir(parents=True)
    (locked / 'file').touch()
    (self.place.scratch / 'link').symlink_to(outside)
    locked.chmod(0o500)
    with subprocess.Popen([*command, inside]) as server:
      with subprocess.Popen([*command, str(self.folder)]) as other:
        self.place.clean()
        self.assertLess(server.wait(30), 0)
        self.assertIsNone(other.poll())
        other.kill()
    self.assertFalse(self.place.scratch.exists())
    self.assertEqual(outside.stat().st_mode & 0o777, 0o500)

  def test_share(self):
    folder = self.place.scratch / 'c'
    folder.mkdir(mode=0o700)
    for name, mode in (('data', 0o600), ('program', 0o700)):
      (folder / name).touch()
      (folder / name).chmod(mode)
    place_lib.share(folder)
    modes = [
        p.stat().st_mode & 0o777 for p in (folder, *sorted(folder.iterdir()))
    ]
    self.assertEqual(modes, [0o755, 0o644, 0o755])

  def test_version_of(self):
    version = place_lib.version_of(sys.executable)
    self.assertEqual(version, sys.version_info[:3])
    self.assertEqual(place_lib.version_of('/no/python3'), ())


if __name__ == '__main__':
  absltest.main()
