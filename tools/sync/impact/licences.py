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

"""Whose the files of a mirror are and under which licence, old and new.

Upstream's files begin with a copyright line and the Apache header. A sync that
brings another holder, another licence, or a file without a header is told, for
somebody to look at: this fork is Apache-2.0 and passes the files on.
"""

import collections
import dataclasses
import email.parser
import pathlib
import re
from typing import Mapping, NamedTuple

from tools.sync.impact import files

APACHE = 'Apache-2.0'
NONE = 'no header'
_HEAD = 4096
_COPYRIGHT = re.compile(
    r'^[\s#/*;<!"\'-]*Copyright\s+(?:\(c\)\s*|©\s*)?[\d\s,–-]*([^\d\s].*?)'
    r'[\s.,]*(?:All rights reserved\b.*)?$',
    re.IGNORECASE | re.MULTILINE,
)
_SPDX = re.compile(r'SPDX-License-Identifier:\s*([\w.+() -]+)')
_LICENCES = (
    (APACHE, 'Apache License, Version 2.0'),
    ('MIT', 'Permission is hereby granted, free of charge'),
    ('BSD', 'Redistribution and use in source and binary forms'),
    ('GPL', 'GNU General Public License'),
    ('GPL', 'GNU Lesser General Public License'),
    ('MPL', 'Mozilla Public License'),
    ('Creative Commons', 'Creative Commons'),
)
_LICENCE_FILE = re.compile(r'(?:^|/)(?:LICEN[CS]E|COPYING|NOTICE)[^/]*$', re.I)
_SOURCES = ('.py', '.sh', '.cc', '.h', '.bzl', '.proto', '.java', '.js')
_FEW = 5


class Header(NamedTuple):
  """What the head of a file says.

  Attributes:
    licence: An SPDX identifier or a family, or `NONE`.
    holders: Who has the copyright, sorted; the year does not count.
  """

  licence: str
  holders: tuple[str, ...]


class News(NamedTuple):
  """A licence or a holder that more files have than before.

  Attributes:
    what: The licence or the holder.
    old: How many files had it.
    new: How many have it.
    files: A few of those that have it now and did not.
  """

  what: str
  old: int
  new: int
  files: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Licences:
  """What changes in the licences of a mirror.

  Attributes:
    counts: How many source files of the new mirror have each licence.
    holders: How many have each copyright holder.
    news: What to look at: a licence other than Apache-2.0 of files that did
      not have it, and a holder that no file had.
    files: The licence files that were added, removed or changed.
    metadata: The old and the new licence of the wheel when they differ.
  """

  counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
  holders: Mapping[str, int] = dataclasses.field(default_factory=dict)
  news: tuple[News, ...] = ()
  files: tuple[str, ...] = ()
  metadata: tuple[str, str] | None = None


def header(text: str) -> Header:
  """Reads the head of a source file.

  Args:
    text: The first lines of it.

  Returns:
    What they say.
  """
  holders = {holder.strip(' */->') for holder in _COPYRIGHT.findall(text)}
  # The header is wrapped, and each of its lines is a comment.
  plain = ' '.join(re.sub(r'^[\s#/*;]+', '', text, flags=re.MULTILINE).split())
  if found := _SPDX.search(text):
    licence = found[1].strip()
  else:
    licence = next((n for n, words in _LICENCES if words in plain), NONE)
  return Header(licence, tuple(sorted(holders)))


def headers(tree: pathlib.Path) -> dict[str, Header]:
  """Reads the heads of the source files of a tree; empty files have none."""
  found = {}
  for name in files.names(tree):
    if name.endswith(_SOURCES) and not (tree / name).is_symlink():
      with open(tree / name, 'rb') as stream:
        head = stream.read(_HEAD)
      if head.strip():
        found[name] = header(head.decode(errors='replace'))
  return found


def _declared(metadata: str | None) -> str:
  """Returns the licence that the METADATA of a wheel declares."""
  message = email.parser.HeaderParser().parsestr(metadata or '')
  return message.get('License-Expression') or message.get('License') or ''


def _news(old: Mapping[str, Header], new: Mapping[str, Header]) -> list[News]:
  """Returns the licences and holders that somebody should look at."""
  before = collections.Counter(head.licence for head in old.values())
  after = collections.Counter(head.licence for head in new.values())
  found = []
  for licence in sorted(set(after) - {APACHE}):
    have = [
        name
        for name, head in new.items()
        if head.licence == licence
        and (name not in old or old[name].licence != licence)
    ]
    if have:
      found.append(
          News(licence, before[licence], after[licence], tuple(have[:_FEW]))
      )
  known = {holder for head in old.values() for holder in head.holders}
  for holder in sorted({h for head in new.values() for h in head.holders}):
    if holder not in known:
      have = [name for name, head in new.items() if holder in head.holders]
      found.append(News(holder, 0, len(have), tuple(have[:_FEW])))
  return found


def compare(
    old: pathlib.Path,
    new: pathlib.Path,
    changes: files.FileChanges,
    metadata: tuple[str | None, str | None] = (None, None),
) -> Licences:
  """Compares the licences of two mirrors.

  Args:
    old: The old mirror.
    new: The new mirror.
    changes: What differs between them.
    metadata: The METADATA of the old and of the new wheel, where there is one.

  Returns:
    What changes.
  """
  before, after = headers(old), headers(new)
  declared = tuple(map(_declared, metadata))
  licence_files = sorted(
      name for name in changes.substantial if _LICENCE_FILE.search(name)
  )
  return Licences(
      counts=collections.Counter(head.licence for head in after.values()),
      holders=collections.Counter(
          holder for head in after.values() for holder in head.holders
      ),
      news=tuple(_news(before, after)),
      files=tuple(licence_files),
      metadata=declared if all(metadata) and len(set(declared)) > 1 else None,
  )
