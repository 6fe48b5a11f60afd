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

"""Tests wheels: a good one, and all the ways to be broken or to mean harm."""

import base64
import hashlib
import io
import pathlib
import stat
import struct
import tempfile
import tracemalloc
from typing import Mapping
import zipfile

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.mirror import sources
from tools.mirror import tree

_INFO = 'tf_x-1.0.dist-info/'
_RECORD = f'{_INFO}RECORD'
_METADATA = b'Metadata-Version: 2.1\nName: tf_X\nVersion: 1.0\n\nText.\n'
_GOOD = {
    'official/__init__.py': b'',
    'official/a.py': b'a = 1\n' * 50,
    'official/binary': bytes(range(256)),
    'official/run.sh': b'#!/bin/sh\n',
    f'{_INFO}METADATA': _METADATA,
    f'{_INFO}WHEEL': b'Wheel-Version: 1.0\n',
}
_EXECUTABLE = {'official/run.sh': stat.S_IFREG | 0o755}
# Where a field lies after the signature of a header, local and central.
_FLAGS, _METHOD, _SIZE = (6, 8), (8, 10), (22, 24)


def _sha256(data: bytes) -> str:
  digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
  return 'sha256=' + digest.decode().rstrip('=')


def _record(files: Mapping[str, bytes]) -> str:
  """Returns the RECORD of files."""
  rows = [f'{n},{_sha256(data)},{len(data)}\n' for n, data in files.items()]
  return ''.join([*rows, f'{_RECORD},,\n'])


def _pack(files, modes=_EXECUTABLE, method=zipfile.ZIP_DEFLATED) -> bytes:
  """Returns an archive of pairs of a name and its bytes."""
  out = io.BytesIO()
  with zipfile.ZipFile(out, 'w') as writer:
    for name, data in files:
      info = zipfile.ZipInfo(name)
      info.external_attr = modes.get(name, stat.S_IFREG | 0o644) << 16
      info.compress_type = method
      with absltest.mock.patch('warnings.warn'):  # Of a name that is twice.
        writer.writestr(info, data)
  return out.getvalue()


def _wheel(
    changes: Mapping[str, bytes | None] | None = None, **kwargs
) -> bytes:
  """Returns the good wheel with other files, or without some."""
  files = {**_GOOD, **(changes or {})}
  files = {name: data for name, data in files.items() if data is not None}
  files.setdefault(_RECORD, _record(files).encode())
  return _pack(files.items(), **kwargs)


def _with_record(record: str) -> bytes:
  return _wheel({_RECORD: record.encode()})


def _set(data: bytes, name: str, field, form: str, value: int) -> bytes:
  """Sets a field in both headers of a member."""
  out, heads = bytearray(data), ((b'PK\3\4', 30), (b'PK\1\2', 46))
  for (mark, size), offset in zip(heads, field, strict=True):
    found = data.index(name.encode())
    while data[found - size : found - size + 4] != mark:
      found = data.index(name.encode(), found + 1)
    struct.pack_into(form, out, found - size + offset, value)
  return bytes(out)


class WheelTestCase(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    scratch = tempfile.TemporaryDirectory()
    self.addCleanup(scratch.cleanup)
    self.path = pathlib.Path(scratch.name) / 'tf_x-1.0-py3-none-any.whl'

  def read(self, data, package='tf-x', version='1.0'):
    self.path.write_bytes(data)
    return sources.read_wheel(self.path, package, version)

  def refused(self, data, why):
    """Checks that a wheel is refused by a line that says why."""
    with self.assertRaises(errors.InputError) as caught:
      self.read(data)
    told = str(caught.exception)
    self.assertRegex(told, why)
    self.assertIn(self.path.name, told)
    self.assertTrue(told.isprintable(), told)


class GoodTest(WheelTestCase):

  @parameterized.parameters(zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED)
  def test_is_read_exactly(self, method):
    files, metadata = self.read(_wheel(method=method))
    self.assertEqual(metadata, _METADATA.decode())
    self.assertEqual(
        files,
        {
            name: tree.Entry(
                tree.EXECUTABLE if name in _EXECUTABLE else tree.FILE, data
            )
            for name, data in _GOOD.items()
            if not name.startswith(_INFO)
        },
    )

  def test_archive_without_modes(self):
    modes = dict.fromkeys([*_GOOD, _RECORD], 0)
    files = self.read(_wheel(modes=modes))[0]
    self.assertEqual({entry.mode for entry in files.values()}, {tree.FILE})

  def test_folders_are_left_out(self):
    folders = {'official/': b'', 'official/new/': b''}
    record = {_RECORD: _record(_GOOD).encode()}
    files, _ = self.read(_wheel({**folders, **record}))
    self.assertNotIn('official/', files)
    self.assertLen(files, 4)

  @parameterized.parameters('tf-x', 'TF.X', 'tf_x', 'tf--x')
  def test_name_in_another_spelling(self, package):
    self.assertLen(self.read(_wheel(), package)[0], 4)

  def test_record_may_quote_names(self):
    name = 'official/a, b.py'
    record = _record(_GOOD) + f'"{name}",{_sha256(b"x")},1\n'
    files, _ = self.read(_wheel({name: b'x', _RECORD: record.encode()}))
    self.assertEqual(files[name].data, b'x')

  def test_metadata_that_is_no_text_is_read_as_far_as_it_goes(self):
    metadata = _METADATA + b'\xff\n'
    _, metadata = self.read(_wheel({f'{_INFO}METADATA': metadata}))
    self.assertEndsWith(metadata, 'Text.\n\ufffd\n')


class NameTest(WheelTestCase):

  @parameterized.named_parameters(
      ('parent', '../x', 'leaves the tree'),
      ('absolute', '/etc/x', 'absolute'),
      ('drive', 'C:/x', 'absolute'),
      ('git', 'official/.git/hooks/x', 'leaves the tree'),
      ('empty_part', 'official//x', 'leaves the tree'),
      ('control', 'official/\x1b[2J', 'control'),
      ('newline', 'official/\n', 'control'),
      ('long', 'a/' * 2000 + 'x', 'too long'),
      ('long_part', 'a' * 300, 'too long'),
      ('folder_up', '../x/', 'leaves the tree'),
      ('case_clash', 'official/A.py', 'case does not count'),
      ('folder_case_clash', 'Official/x.py', 'case does not count'),
      ('file_and_folder', 'official/a.py/x', 'both a file and a folder'),
  )
  def test_is_refused(self, name, why):
    self.refused(_wheel({name: b''}), why)

  @parameterized.named_parameters(
      ('backslash', b'official\\..\\x', 'backslash'),
      ('nul', b'official/a.py\0', 'control'),
      ('only_nul', b'\0' * 13, 'control'),
      ('not_utf_8', b'official/x\xc3\x28.', 'corrupt .*utf-8'),
  )
  def test_bytes_that_zipfile_does_not_write_are_refused(self, name, why):
    place = 'é' + 'x' * (len(name) - 2)  # Makes zipfile say that it is UTF-8.
    data = _wheel({place: b''}).replace(place.encode(), name)
    self.refused(data, why)

  def test_no_name_is_refused(self):
    self.refused(_wheel({'': b''}), 'absolute or empty')

  def test_name_of_another_code_page_is_not_that_of_its_record(self):
    place = 'official/xx'
    data = _wheel({place: b''}).replace(place.encode(), b'official/\xc3\xa9', 2)
    self.refused(data, 'is not the file|is corrupt')

  def test_two_names_of_one_member_are_refused(self):
    data = _wheel()
    end = data.rindex(b'official/a.py')
    data = data[:end] + b'official/b.py' + data[end + 13 :]
    self.refused(data, 'is corrupt .*differ')

  def test_member_that_is_twice_is_refused(self):
    files = [*_GOOD.items(), (_RECORD, _record(_GOOD).encode())]
    self.refused(
        _pack([*files, ('official/a.py', b'')]),
        "'official/a.py' is in it twice",
    )

  @parameterized.parameters(
      stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK
  )
  def test_link_or_device_is_refused(self, kind):
    modes = {'official/a.py': kind | 0o777}
    self.refused(_wheel(modes=modes), "'official/a.py' is a link or a device")


class ContentTest(WheelTestCase):

  @parameterized.parameters(
      b'', b'not a zip at all\n', b'PK\3\4', b'\x1f\x8b' + b'x' * 99, b'PK\5\6'
  )
  def test_no_archive_is_refused(self, data):
    self.refused(data, 'is corrupt .* delete it and run again')

  def test_truncated_at_any_length_is_refused(self):
    data = _wheel()
    for length in range(0, len(data), 7):
      self.refused(data[:length], 'is corrupt')

  def test_missing_file_and_folder_are_refused(self):
    with self.assertRaisesRegex(errors.InputError, 'nowhere.whl is corrupt'):
      sources.read_wheel(self.path.parent / 'nowhere.whl', 'tf-x', '1.0')
    with self.assertRaisesRegex(errors.InputError, 'is corrupt'):
      sources.read_wheel(self.path.parent, 'tf-x', '1.0')

  @parameterized.parameters(zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED)
  def test_flipped_byte_is_refused(self, method):
    data = _wheel(method=method)
    begin = data.index(b'official/binary') + len('official/binary')
    for at in (begin + 20, begin + 100, begin + 255):
      flipped = data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]
      self.refused(flipped, 'is corrupt')

  def test_no_flipped_byte_changes_a_file_or_has_a_traceback(self):
    data = _wheel()
    good = {name: e.data for name, e in self.read(data)[0].items()}
    for at in range(0, len(data), 3):
      for value in (0, 0xFF, data[at] ^ 1):
        flipped = data[:at] + bytes([value]) + data[at + 1 :]
        try:
          files, _ = self.read(flipped)
        except errors.InputError:
          continue
        self.assertEqual({n: e.data for n, e in files.items()}, good, at)

  @parameterized.named_parameters(
      ('encrypted', _FLAGS, '<H', 1, 'is corrupt .*encrypted'),
      ('only_strongly', _FLAGS, '<H', 0x40, 'is corrupt .*encryption'),
      ('patched', _FLAGS, '<H', 0x20, 'is corrupt .*patch'),
      ('unknown', _METHOD, '<H', 99, 'not compressed as in a wheel'),
      ('stored', _METHOD, '<H', 0, 'is corrupt'),
      ('bomb', _SIZE, '<L', 1 << 30, 'unpacks to more than 1024 MiB'),
      ('longer', _SIZE, '<L', 301, 'is corrupt .*too short'),
      ('shorter', _SIZE, '<L', 299, 'is corrupt .*CRC'),
  )
  def test_header_that_lies_is_refused(self, field, form, value, why):
    self.refused(_set(_wheel(), 'official/a.py', field, form, value), why)

  @parameterized.parameters(zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
  def test_other_compressions_are_refused(self, method):
    # zipfile cannot stop in the middle of what these unpack to.
    self.refused(_wheel(method=method), 'not compressed as in a wheel')

  def test_many_small_files_are_a_bomb_too(self):
    data = _wheel()
    for name in ('a.py', 'binary', 'run.sh'):
      data = _set(data, f'official/{name}', _SIZE, '<L', (1 << 30) // 3 + 1)
    self.refused(data, 'unpacks to more than 1024 MiB')

  def test_bomb_that_says_it_is_small_takes_no_memory(self):
    data = _wheel({'official/bomb': bytes(64 << 20)})
    data = _set(data, 'official/bomb', _SIZE, '<L', 100)
    tracemalloc.start()
    self.addCleanup(tracemalloc.stop)
    self.refused(data, 'is corrupt .*CRC')
    self.assertLess(tracemalloc.get_traced_memory()[1], 4 << 20)


class InfoTest(WheelTestCase):

  @parameterized.named_parameters(
      ('no_metadata', {f'{_INFO}METADATA': None}, 'needs one METADATA'),
      ('two', {'other-1.dist-info/METADATA': b''}, 'needs one METADATA'),
      ('empty', {f'{_INFO}METADATA': b''}, 'is  None, not tf-x 1.0'),
      (
          'name',
          {f'{_INFO}METADATA': b'Name: evil\nVersion: 1.0\n'},
          'is evil 1.0, not tf-x 1.0',
      ),
      (
          'version',
          {f'{_INFO}METADATA': b'Name: tf-x\nVersion: 1.0.1\n'},
          'is tf-x 1.0.1, not tf-x 1.0',
      ),
      (
          'version_in_the_text',
          {f'{_INFO}METADATA': b'Name: tf-x\n\nVersion: 1.0\n'},
          'is tf-x None, not tf-x 1.0',
      ),
      ('binary', {f'{_INFO}METADATA': bytes(range(256))}, 'not tf-x 1.0'),
  )
  def test_bad_metadata_is_refused(self, changes, why):
    self.refused(_wheel(changes), why)

  def test_no_record_is_refused(self):
    self.refused(_pack(_GOOD.items()), 'it has no RECORD')

  @parameterized.named_parameters(
      ('empty', lambda text: '', 'not the file that its RECORD names'),
      (
          'digest',
          lambda text: text.replace(_sha256(_METADATA), _sha256(b'')),
          'METADATA.* is not the file that its RECORD names',
      ),
      (
          'not_listed',
          lambda text: text[text.index('\n') + 1 :],
          "'official/__init__.py' is not the file that its RECORD names",
      ),
      (
          'file_is_missing',
          lambda text: f'official/\x1b.py,{_sha256(b"")},0\n{text}',
          r"'official/\\x1b.py' is not the file that its RECORD names",
      ),
      (
          'md5',
          lambda text: text.replace('sha256=', 'md5=', 1),
          "'official/__init__.py' is not the file that its RECORD names",
      ),
      ('two_columns', lambda text: f'a,b\n{text}', 'broken line'),
      ('open_quote', lambda text: f'"{text}', 'broken line'),
      ('carriage_return', lambda text: f'a\rb,,\n{text}', 'is corrupt'),
      ('long', lambda text: 'a' * 200_000 + f',,\n{text}', 'is corrupt'),
  )
  def test_bad_record_is_refused(self, change, why):
    self.refused(_with_record(change(_record(_GOOD))), why)

  def test_record_that_is_no_text_is_refused(self):
    data = _wheel({_RECORD: bytes(range(256))})
    self.refused(data, 'is corrupt')

  def test_second_record_is_a_file_like_any_other(self):
    self.refused(
        _wheel(
            {'evil-1.dist-info/RECORD': b'', _RECORD: _record(_GOOD).encode()}
        ),
        "'evil-1.dist-info/RECORD' is not the file that its RECORD names",
    )


if __name__ == '__main__':
  absltest.main()
