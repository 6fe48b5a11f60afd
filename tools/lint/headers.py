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

"""Puts the license header into source files that have none: lint --fix."""

import datetime
import itertools
import pathlib
import re
import sys
from typing import Sequence

from tools.base import files


def with_header(text: str) -> str:
  """Returns a text with the header, or with the one that it has.

  Args:
    text: Of a source file.

  Returns:
    The text. A header that differs is left for a human to judge.
  """
  if 'Copyright' in text[:200]:
    return text
  own = pathlib.Path(__file__).read_text(encoding='utf-8').splitlines(True)
  header = ''.join(itertools.takewhile(str.strip, own))
  header = re.sub(r'20\d\d', str(datetime.date.today().year), header, count=1)
  first, body = re.fullmatch(r'(?s)(#![^\n]*\n)?(.*)', text).groups('')
  between = '\n' if body.strip() else ''
  return first + header + between + body.lstrip('\n')


def main(paths: Sequence[str]) -> None:
  """Mends files."""
  for path in map(pathlib.Path, paths):
    text = path.read_text(encoding='utf-8')
    if (mended := with_header(text)) != text:
      files.write(path, mended)


if __name__ == '__main__':
  main(sys.argv[1:])
