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

"""Moves a copy of the fork over real releases, and judges every step apart.

2.19 to 2.20.0 to the newest nightly and back, with the real patches. After
each step the tree has to be the wheel plus the patches, byte for byte, as found
by a judge that shares no code with the sync: it unpacks the wheel and applies
the hunks itself. In the end the copy is what is committed here. It needs the
network, so Bazel leaves it out; `nox -s tests` calls it.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Sequence
import zipfile

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.base import git
from tools.env import bootstrap
from tools.mirror import fork
from tools.mirror import testing

_RELEASE, _NIGHTLY = 'tf-models-official', 'tf-models-nightly'
_OLD, _NEW = '2.19.1', '2.20.0'
_HUNK = re.compile(rb'@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@')


def apply_hunks(lines: list[bytes], hunks: Sequence[bytes]) -> list[bytes]:
  """Applies the hunks of one file, at their very lines.

  Args:
    lines: The file, with the ends of its lines.
    hunks: Each with its line of numbers first.

  Returns:
    The new lines.

  Raises:
    errors.InputError: A line is not the one that the hunk has.
  """
  out, at = [], 0
  for hunk in hunks:
    head, *body = hunk.splitlines(keepends=True)
    start, count = _HUNK.match(head).groups()
    begin = int(start) - (count != b'0')
    out += lines[at:begin]
    at = begin
    for line in body:
      mark, text = line[:1], line[1:]
      if mark in b' -' and lines[at] != text:
        raise errors.InputError(f'line {at + 1} is not {text!r}')
      out += [text] if mark in b' +' else []
      at += mark in b' -'
  return out + lines[at:]


def judge(
    official: pathlib.Path, mirror: pathlib.Path, wheel: pathlib.Path
) -> int:
  """Compares a mirror with its wheel and patches.

  Args:
    official: The folder of the patches.
    mirror: The folder of the packages.
    wheel: What they were made from.

  Returns:
    The number of files, all of which are equal.

  Raises:
    errors.InputError: A file differs, is missing, or should not be there.
  """
  expected = {}
  with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
      if name.startswith(('official/', 'orbit/')):
        expected[name] = archive.read(name).splitlines(keepends=True)
  for patch in sorted((official / 'patches').iterdir()):
    diff = patch.read_bytes()
    for part in re.split(rb'^diff --git ', diff, flags=re.MULTILINE)[1:]:
      name = re.search(rb'^\+\+\+ b/(.+)$', part, re.MULTILINE)[1].decode()
      hunks = re.split(rb'^(?=@@ )', part, flags=re.MULTILINE)[1:]
      expected[name] = apply_hunks(expected[name], hunks)
  found = {
      path.relative_to(mirror).as_posix(): path.read_bytes()
      for path in mirror.rglob('*')
      if path.is_file()
  }
  for name in sorted(expected.keys() | found.keys()):
    lines = expected.get(name)
    if lines is None or b''.join(lines) != found.get(name):
      raise errors.InputError(f'{name} is not that of {wheel.name}')
  return len(found)


def _download(folder: pathlib.Path, pin: str) -> pathlib.Path:
  """Downloads a wheel, past the cache of the sync."""
  target = pathlib.Path(tempfile.mkdtemp(dir=folder))
  command = ['download', '-q']
  command += ['--pre', '--no-deps', '--only-binary=:all:', '-d', target, pin]
  bootstrap.pip(*command, what=f'downloading {pin}')
  return next(target.iterdir())


def _sync(root: pathlib.Path, *flags: str) -> None:
  """Runs the command on the copy."""
  command = [sys.executable, '-m', 'tools.mirror.command', '--root', str(root)]
  print(f'sync_upstream -- {" ".join(flags)}', flush=True)
  done = subprocess.run(
      [*command, *flags],
      check=False,
      env={**os.environ, 'PYTHONPATH': str(bootstrap.ROOT)},
  )
  if done.returncode:
    raise errors.InputError(f'the sync ended with {done.returncode}')


def run(scratch: pathlib.Path) -> None:
  """Moves a copy of the fork over releases.

  Args:
    scratch: An empty folder.

  Raises:
    errors.InputError: A step fails, or its tree is not what it should be.
  """
  wheels = {
      pin: _download(scratch, pin)
      for pin in (f'{_RELEASE}=={_OLD}', f'{_RELEASE}=={_NEW}', _NIGHTLY)
  }
  nightly = wheels[_NIGHTLY].name.split('-')[1]
  root = scratch / 'fork'
  official = root / 'official'
  for name in git.listed(bootstrap.ROOT, '--cached'):
    if not name.startswith('official/') and name != 'CHANGELOG.md':
      continue
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(bootstrap.ROOT / name, root / name)
  committed = {
      path.relative_to(official): path.read_bytes()
      for path in official.rglob('*')
      if path.is_file()
  }
  for package, version in (
      (_RELEASE, _OLD),
      (_RELEASE, _NEW),
      (_NIGHTLY, nightly),
      (_RELEASE, _OLD),
      (_RELEASE, _NEW),
  ):
    _sync(root, '--source', f'pypi:{package}', '--to', version)
    _sync(root, '--check')
    pin = _NIGHTLY if package == _NIGHTLY else f'{package}=={version}'
    mirror = fork.packages(root)['official'].parent
    count = judge(official, mirror, wheels[pin])
    print(f'judge: {count} files are {wheels[pin].name} plus patches')
  shutil.rmtree(official / 'patches')  # The nightly absorbed some.
  (official / 'patches').mkdir()
  for name, content in committed.items():
    if name.parts[0] == 'patches':
      (official / name).write_bytes(content)
  _sync(root, '--same-version')
  for name, content in committed.items():
    if (official / name).read_bytes() != content:
      raise errors.InputError(f'official/{name} did not come back')
  print('judge: the fork came back to what is committed, byte for byte')


class JudgeTest(testing.ForkTestCase):

  def setUp(self):
    super().setUp()
    self.sync()
    self.patch('core: five', 'official/core.py', 'line_5 = 5', 'line_5 = 55')
    self.patch(
        'core: end', 'official/core.py', 'line_19 = 19\n', 'end = 1\nend = 2\n'
    )
    self.wheel = self.scratch / 'models-1-py3-none-any.whl'
    with zipfile.ZipFile(self.wheel, 'w') as archive:
      for name, text in testing.FILES.items():
        archive.writestr(name, text)

    self.mirror = self.scratch / 'mirror'
    shutil.copytree(fork.packages(self.root)['official'].parent, self.mirror)
    for path in self.mirror.rglob('*.py'):
      path.chmod(0o644)

  def judge(self):
    return judge(self.official, self.mirror, self.wheel)

  def test_equal(self):
    self.assertEqual(self.judge(), 4)

  @parameterized.parameters(
      ('mirror/official/core.py', 'line_5 = 55', 'line_5 = 5'),
      ('mirror/orbit/loop.py', 'step_0', 'step_O'),
      ('fork/official/patches/0001-core-five.patch', '= 55', '= 56'),
  )
  def test_changed_file(self, name, old, new):
    self.edit(self.scratch, name, old, new)
    with self.assertRaisesRegex(ValueError, 'is not that of models-1'):
      self.judge()

  def test_missing_and_extra_file(self):
    path = self.mirror / 'official/vision/model.py'
    path.rename(path.with_name('moved.py'))
    with self.assertRaisesRegex(ValueError, 'vision/mo.*is not that of'):
      self.judge()

  def test_hunk_that_is_not_at_its_lines(self):
    name = 'patches/0001-core-five.patch'
    self.edit(self.official, name, '@@ -5,3', '@@ -6,3')
    with self.assertRaisesRegex(ValueError, 'line 6 is not'):
      self.judge()


class RealTest(absltest.TestCase):

  def test_releases_and_a_nightly(self):
    with tempfile.TemporaryDirectory(prefix='real_test-') as scratch:
      run(pathlib.Path(scratch))


if __name__ == '__main__':
  absltest.main()
