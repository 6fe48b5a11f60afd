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

"""Tests what names and files a tree may have, on a real disk."""

import os
import pathlib
import socket
import tempfile

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.base import git
from tools.mirror import tree


def _file(data=b'x\n'):
  return tree.Entry(tree.FILE, data)


def _is_safe(names):
  try:
    tree.check_names(names, 'here')
  except errors.InputError:
    return False
  return True


class NameTest(parameterized.TestCase):

  @parameterized.named_parameters(
      ('empty', '', 'absolute or empty'),
      ('drive_relative', 'c:x', 'absolute or empty'),
      ('parent_at_end', 'official/..', 'leaves the tree'),
      ('trailing_slash', 'official/', 'leaves the tree'),
      ('git_deep', 'official/.git/hooks/post-checkout', 'leaves the tree'),
      ('backslash', 'official\\..\\x', 'backslash'),
      ('quote', 'official/"x', 'quote'),
      ('newline', 'official/x\ny', 'control'),
      ('nul', 'official/x\0.py', 'control'),
      ('delete', 'official/\x7f', 'control'),
      ('right_to_left', 'official/\u202eyp.x', 'control'),
      ('zero_width', 'official/.g\u200cit/config', 'control'),
      ('no_break_space', 'official/a\u00a0b', 'control'),
      ('not_utf_8', os.fsdecode(b'official/\xff'), 'control'),
      ('long_part', 'official/' + 'x' * 256, 'too long'),
      ('long_part_in_bytes', 'official/' + 'é' * 128, 'too long'),
  )
  def test_unsafe_name_is_refused(self, name, why):
    with self.assertRaisesRegex(errors.InputError, why) as caught:
      tree.check_name(name, 'x.whl')
    told = str(caught.exception)
    self.assertStartsWith(told, 'x.whl: ')
    self.assertTrue(told.isprintable(), told)
    self.assertLess(len(told), 400)

  @parameterized.parameters(
      'x',
      'official/vision/train.py',
      'official/a b/é.py',
      'official/...',
      'official/.gitignore',
      'official/.github/x',
      'official/x.git',
      'official/-x',
      'official/' + 'x' * 255,
      'official/a:b',
      "official/[it's]*?",
  )
  def test_safe_name_is_taken(self, name):
    tree.check_name(name, 'here')

  @parameterized.named_parameters(
      ('file', 'official/A.py', 'official/a.py'),
      ('folder', 'official/Vision/a.py', 'official/vision/b.py'),
      ('file_and_folder', 'official/Vision', 'official/vision/b.py'),
      ('accents', 'official/\u00e9.py', 'official/e\u0301.py'),
      ('accents_of_folder', 'official/\u00e9/a', 'official/E\u0301/b'),
      ('eszett', 'official/stra\u00dfe', 'official/STRASSE'),
      ('kelvin', 'official/\u212a', 'official/k'),
      ('only_after_folding', 'official/\u0390', 'official/\u03aa\u0301'),
  )
  def test_names_that_clash_are_refused(self, *names):
    self.assertTrue(all(_is_safe([name]) for name in names))
    for order in (names, names[::-1]):
      with self.assertRaisesRegex(errors.InputError, 'case does not count'):
        tree.check_names(order, 'here')

  def test_file_that_is_also_a_folder_is_refused(self):
    names = ['official/a/b', 'official/a', 'official/a.b']
    with self.assertRaisesRegex(errors.InputError, "'official/a' is both"):
      tree.check_names(names, 'here')
    tree.check_names(names[1:], 'here')


class DiskTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    scratch = tempfile.TemporaryDirectory()
    self.addCleanup(scratch.cleanup)
    self.folder = pathlib.Path(scratch.name).resolve() / 'mirror'
    self.folder.mkdir()
    self.files = {
        'official/a.py': _file(b'a = 1\n'),
        'official/empty': _file(b''),
        'official/deep/er/run.sh': tree.Entry(tree.EXECUTABLE, b'#!/bin/sh\n'),
        'official/binary é': _file(bytes(range(256))),
        'orbit/loop.py': _file(b'a = 1\n'),
    }
    self.stamps = tree.digests(self.files)
    tree.check(self.files, 'here')
    tree.write(self.files, self.folder)

  def compare(self):
    found = tree.read(self.folder, ['own'])
    return tree.compare(self.stamps, found).splitlines()

  def test_what_is_written_is_read(self):
    read = tree.read(self.folder)
    self.assertEqual(read, self.files)
    self.assertEqual(tree.digests(read), self.stamps)
    mode = os.stat(self.folder / 'official/deep/er/run.sh').st_mode
    self.assertEqual(mode & 0o777, 0o755)

  def test_modes_do_not_depend_on_umask(self):
    old = os.umask(0o077)
    self.addCleanup(os.umask, old)
    folder = self.folder / 'other'
    tree.write(self.files, folder)
    self.assertEqual(os.stat(folder / 'orbit/loop.py').st_mode & 0o777, 0o644)

  def test_nothing_is_written_over(self):
    with self.assertRaises(FileExistsError):
      tree.write({'official/a.py': _file(b'')}, self.folder)
    self.assertEqual((self.folder / 'official/a.py').read_bytes(), b'a = 1\n')

  def test_files_skips_only_at_the_top_and_follows_no_link(self):
    (self.folder / 'up').symlink_to('..')
    self.assertEqual(
        tree.files(self.folder, ['er', 'a.py', 'official']),
        ['orbit/loop.py', 'up'],
    )

  def test_link_is_refused(self):
    link = {'official/l': tree.Entry(git.LINK, b'a.py')}
    with self.assertRaisesRegex(errors.InputError, 'official/l is a link'):
      tree.check(link, 'here')
    (self.folder / 'official/l').symlink_to('a.py')
    with self.assertRaisesRegex(errors.InputError, 'official/l is a link'):
      self.compare()

  def test_folder_that_cannot_be_read(self):
    with self.assertRaisesRegex(errors.InputError, 'cannot read .*nowhere'):
      tree.files(self.folder / 'nowhere')

  def test_same_tree(self):
    self.assertEqual(self.compare(), [])

  def test_missing_modified_and_extra_are_told_apart(self):
    (self.folder / 'official/empty').unlink()
    (self.folder / 'official/a.py').write_bytes(b'a = 2\n')
    (self.folder / 'orbit/new.py').touch()
    (self.folder / 'own').mkdir()
    (self.folder / 'own/x').touch()
    self.assertEqual(
        self.compare(),
        [
            'modified official/a.py',
            'missing  official/empty',
            'extra    orbit/new.py',
        ],
    )

  def test_mode_counts(self):
    official = self.folder / 'official'
    (official / 'a.py').chmod(0o755)
    (official / 'deep/er/run.sh').chmod(0o655)
    names = ('a.py', 'deep/er/run.sh')
    self.assertEqual(self.compare(), [f'modified official/{n}' for n in names])

  def test_file_and_folder_change_places(self):
    path = self.folder / 'official/a.py'
    path.unlink()
    path.mkdir()
    (path / 'x').touch()
    lines = ['missing  official/a.py', 'extra    official/a.py/x']
    self.assertEqual(self.compare(), lines)

  def test_byte_code_is_passed_over(self):
    for name in ('__pycache__/a.pyc', 'deep/__pycache__/tmp', 'deep/b.pyc'):
      (self.folder / name).parent.mkdir(exist_ok=True, parents=True)
      (self.folder / name).touch()
    self.assertEqual(self.compare(), [])
    (self.folder / 'my__pycache__').mkdir()
    (self.folder / 'my__pycache__/a.py').touch()
    (self.folder / 'deep/__pycache__x').touch()
    self.assertLen(self.compare(), 2)

  def test_name_that_is_no_text_is_extra(self):
    with open(os.fsencode(self.folder) + b'/\xff', 'wb'):
      pass
    self.assertEqual(self.compare(), [os.fsdecode(b'extra    \xff')])

  def test_pipe_socket_and_device_are_refused(self):
    os.mkfifo(self.folder / 'pipe')
    with socket.socket(socket.AF_UNIX) as server:
      server.bind(str(self.folder / 'socket'))
    for name in (self.folder / 'pipe', self.folder / 'socket', '/dev/null'):
      with self.assertRaisesRegex(errors.InputError, f'{name} is a link or no'):
        tree.read_entry(name)
    with self.assertRaisesRegex(errors.InputError, 'pipe is a link or no'):
      self.compare()

  def test_file_that_is_gone(self):
    with self.assertRaisesRegex(errors.InputError, 'cannot read .*gone'):
      tree.read_entry(self.folder / 'gone')


class DigestTest(absltest.TestCase):

  def test_stamp_knows_the_mode(self):
    modes = (tree.FILE, tree.EXECUTABLE)
    self.assertLen({tree.stamp(tree.Entry(m, b'')) for m in modes}, 2)

  def test_digest_knows_names_and_stamps_and_no_order(self):
    one = {'a': '1', 'b': '2'}
    self.assertEqual(tree.digest(one), tree.digest({'b': '2', 'a': '1'}))
    others = ({'a': '1'}, {'a': '2', 'b': '1'}, {'a': '1', 'c': '2'}, {})
    self.assertLen({tree.digest(stamps) for stamps in (one, *others)}, 5)


if __name__ == '__main__':
  absltest.main()
