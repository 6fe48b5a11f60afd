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

"""Reads a wheel, and refuses one that is broken or means harm.

A wheel comes from a network. Nothing of it reaches a disk before all of it was
looked at: every name, every size, and every digest of its RECORD.
"""

import base64
import csv
import hashlib
import io
import pathlib
import re
import stat
from typing import NamedTuple
import zipfile
import zlib

from tfmot_contrib import errors
from tools.env import index
from tools.mirror import tree

_MAX_BYTES = 1 << 30  # Of all files together; the wheel of 2.20.0 has 13 MB.
# zipfile cannot stop in the middle of what the others unpack to.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Not by the email package, which takes longer to import than a --check.
_FIELD = re.compile(r'^(Name|Version): *(.+?) *$', re.MULTILINE)


class Wheel(NamedTuple):
  """What a wheel holds.

  Attributes:
    files: All its files but those of its .dist-info.
    metadata: Its METADATA.
  """

  files: tree.Tree
  metadata: str


def _members(
    archive: zipfile.ZipFile, where: str
) -> dict[str, zipfile.ZipInfo]:
  """Returns the members that are files, by name, when all are harmless."""
  members, size, names = {}, 0, set()
  for member in archive.infolist():
    # zipfile turns a backslash into a slash and cuts at a NUL: look before.
    name = member.orig_filename
    is_folder = name.endswith('/')
    tree.check_name(name.rstrip('/') if is_folder else name, where)
    kind = stat.S_IFMT(member.external_attr >> 16)
    size += member.file_size
    why = ''
    if name in names:
      why = f'{ascii(name)} is in it twice'
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
      why = f'{ascii(name)} is a link or a device'
    elif member.compress_type not in _COMPRESSIONS:
      why = f'{ascii(name)} is not compressed as in a wheel'
    elif size > _MAX_BYTES:
      why = f'it unpacks to more than {_MAX_BYTES >> 20} MiB'
    if why:
      raise errors.InputError(f'{where}: {why}')
    names.add(name)
    if not is_folder:
      members[name] = member
  tree.check_names(members, where)
  return members


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
  """Reads a member, and never more bytes than it says that it has."""
  with archive.open(member) as stream:
    data = stream.read(member.file_size + 1)
  if len(data) != member.file_size:
    raise zipfile.BadZipFile(f'{member.filename} is too short')
  return data


def _digest(data: bytes) -> str:
  """Returns the digest of a file as RECORD has it."""
  digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
  return f'sha256={digest.decode().rstrip("=")}'


def _check_record(content: dict[str, bytes], record: str, where: str) -> None:
  """Refuses files that are not those of the RECORD, one by one."""
  text = content[record].decode(errors='replace')
  rows = list(csv.reader(io.StringIO(text)))
  if broken := [row for row in rows if len(row) != 3]:
    raise errors.InputError(f'{where}: RECORD has a broken line: {broken[0]}')
  named = {name: digest for name, digest, _ in rows}
  found = {name: _digest(data) for name, data in content.items()}
  found[record] = ''
  for name in sorted(named.keys() | found.keys()):
    if named.get(name) != found.get(name):
      raise errors.InputError(
          f'{where}: {ascii(name)} is not the file that its RECORD names'
      )


def read_wheel(path: pathlib.Path, package: str, version: str) -> Wheel:
  """Reads a wheel into memory.

  Args:
    path: The wheel.
    package: The name that it has to have.
    version: The version that it has to have.

  Returns:
    Its files and metadata.

  Raises:
    errors.InputError: It is no wheel or a broken one, is of another package or
      version, a name is not safe, it holds a link, it is too large, or a file
      is not what its RECORD says.
  """
  where = path.name
  try:
    with zipfile.ZipFile(path) as archive:
      members = _members(archive, where)
      content = {n: _read(archive, member) for n, member in members.items()}
    infos = [name for name in content if name.endswith('.dist-info/METADATA')]
    if len(infos) != 1 or infos[0].count('/') != 1:
      raise errors.InputError(f'{where} is no wheel: it needs one METADATA')
    info = infos[0].removesuffix('METADATA')
    if f'{info}RECORD' not in content:
      raise errors.InputError(f'{where} is no wheel: it has no RECORD')
    _check_record(content, f'{info}RECORD', where)
  except (
      csv.Error,
      zipfile.BadZipFile,
      zlib.error,
      EOFError,
      NotImplementedError,
      OSError,
      RuntimeError,
      UnicodeDecodeError,
  ) as error:
    raise errors.InputError(
        f'{where} is corrupt ({error}): delete it and run again'
    ) from error
  metadata = content[f'{info}METADATA'].decode(errors='replace')
  head = metadata.replace('\r\n', '\n').partition('\n\n')[0]
  fields = dict(_FIELD.findall(head))
  wanted = f'{index.canonical(package)} {version}'
  name = f'{index.canonical(fields.get("Name", ""))} {fields.get("Version")}'
  if name != wanted:
    raise errors.InputError(f'{where} is {name}, not {wanted}')
  files = {}
  for name, data in content.items():
    if not name.startswith(info):
      runs = members[name].external_attr >> 16 & stat.S_IXUSR
      files[name] = tree.Entry(tree.EXECUTABLE if runs else tree.FILE, data)
  return Wheel(files, metadata)
