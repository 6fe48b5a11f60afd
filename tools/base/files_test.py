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

"""Tests that files are written whole or not at all."""

import os
import pathlib
import stat
from unittest import mock

from absl.testing import absltest

from tfmot_contrib import errors
from tools.base import files


class FilesTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)

  def all(self) -> dict[str, bytes]:
    """Returns what is there, by path."""
    return {
        path.relative_to(self.root).as_posix(): path.read_bytes()
        for path in self.root.rglob('*')
        if path.is_file()
    }

  def test_text_and_bytes(self):
    files.write(self.root / 'a/b.txt', 'ä\n')
    files.write(self.root / 'a/c', b'\xff')
    self.assertEqual(self.all(), {'a/b.txt': 'ä\n'.encode(), 'a/c': b'\xff'})

  def test_permissions_stay(self):
    path = self.root / 'run'
    files.write(path, 'a')
    self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o644)
    path.chmod(0o755)
    files.write(path, 'b')
    self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o755)

  def test_a_folder_in_the_way(self):
    (self.root / 'b').mkdir()
    (self.root / 'b/inside').write_text('x')
    (self.root / 'a').write_text('old')
    with self.assertRaisesRegex(errors.InputError, 'cannot write .*/b: .*Is a'):
      files.write_all(self.root, {'a': 'new', 'c': 'new', 'b': 'new'})
    self.assertEqual(self.all(), {'a': b'old', 'b/inside': b'x'})

  def test_interrupted(self):
    (self.root / 'a').write_text('old')
    real, calls = os.replace, []

    def replace(one, other):
      calls.append(one)
      if len(calls) == 2:
        raise KeyboardInterrupt
      real(one, other)

    with mock.patch.object(os, 'replace', replace):
      with self.assertRaises(KeyboardInterrupt):
        files.write_all(self.root, {'a': 'new', 'b': 'new'})
    self.assertEqual(self.all(), {'a': b'old'})

  def test_read(self):
    root = pathlib.Path(self.create_tempdir().full_path)
    files.write(root / 'a', 'ä')
    self.assertEqual(files.read(root / 'a'), 'ä')
    with self.assertRaisesRegex(errors.InputError, 'cannot read .*none'):
      files.read(root / 'none')
    files.write(root / 'b', b'\xff')
    with self.assertRaisesRegex(errors.InputError, 'b is no UTF-8'):
      files.read(root / 'b')

  def test_refuse_unwritable(self):
    root = pathlib.Path(self.create_tempdir().full_path)
    files.refuse_unwritable(root / 'a/b')
    self.assertEmpty(list(root.iterdir()))
    files.write(root / 'taken', '')
    with self.assertRaisesRegex(errors.InputError, 'give another folder'):
      files.refuse_unwritable(root / 'taken/b')


if __name__ == '__main__':
  absltest.main()
