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

"""The license header of source files."""

import datetime
import re
from typing import Iterator

from tools.lint import registry
from tools.lint import tree

LICENSE = """\
# Copyright {year} The TFMOT Models Authors. All Rights Reserved.
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
"""
# Whoever holds the copyright: files may come from upstream with theirs.
_HEADER = re.compile(
    r'(#!.*\n)?# Copyright (20\d\d) .+ All Rights Reserved\.\n'
    + re.escape(LICENSE.split('\n', 1)[1])
)


def example(body: str, year: int = 2026) -> str:
  """Returns a text below a license header, for the examples of rules."""
  return LICENSE.format(year=year) + ('\n' + body if body else '')


def add_header(text: str) -> str:
  """Puts the header first, or leaves a different one for a human to judge."""
  if _HEADER.match(text) or 'Copyright' in text[:200]:
    return text
  shebang, body = re.fullmatch(r'(#![^\n]*\n)?(.*)', text, re.DOTALL).groups('')
  year = datetime.date.today().year
  between = '\n' if body.strip() else ''
  return shebang + LICENSE.format(year=year) + between + body.lstrip('\n')


@registry.file_rule(
    'license-header',
    on=('**',),
    source=registry.STYLE,
    fix=add_header,
    bad=registry.texts(
        ('tfmot_contrib/bad.py', 'x = 1\n'),
        ('tools/bad.bzl', '"""Rules."""\n'),
        ('tools/bad.sh', '#!/bin/sh\ntrue\n'),
        ('tools/bad_year.py', example('x = 1\n', 2099)),
    ),
    good=registry.texts(
        ('tools/good.py', example('')),
        ('tools/good', '#!/bin/sh\n' + example('true\n')),
        ('a.md', '# Title\n'),
    ),
)
def check_license_header(file: tree.File) -> Iterator[tuple[int, str]]:
  """Source files begin with the license and the year of the file.

  Official Models is published under Apache 2.0 and refuses a file without it.
  """
  if not needs_header(file):
    return
  found = _HEADER.match(file.text)
  if not found:
    yield 1, 'the file does not begin with the license header'
  elif not 2015 <= int(found[2]) <= datetime.date.today().year:
    yield 1, f'the license is of the year {found[2]}'


def needs_header(file: tree.File) -> bool:
  """Tells whether a file is source code, by its name or a `#!` line."""
  source = file.path.endswith(('.py', '.bzl', '.sh'))
  return source or file.data.startswith(b'#!')
