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

"""Compares documents with the evidence: the process of the lint with plots.

Prints path and line of the first difference of each document, as JSON.
"""

import json
import pathlib
import sys
from typing import Sequence

from tfmot_contrib import errors
from tools.evidence import documents


def differences(root: pathlib.Path) -> list[tuple[str, int]]:
  """Returns where documents differ from what the evidence makes of them.

  Args:
    root: The folder of the project.

  Returns:
    Path and line of the first difference of each document that has one.

  Raises:
    errors.InputError: Evidence, a document or its markers are missing.
  """
  found = []
  for path, text in documents.documents(root).items():
    here = path.read_text(encoding='utf-8') if path.is_file() else ''
    if here == text:
      continue
    pairs = zip(here.split('\n'), text.split('\n'), strict=False)
    line = next((i for i, (a, b) in enumerate(pairs, 1) if a != b), 1)
    found.append((path.relative_to(root).as_posix(), line))
  return found


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Prints the differences of the project in the folder `argv[0]`."""
  print(json.dumps(differences(pathlib.Path(argv[0]))))


if __name__ == '__main__':
  main(sys.argv[1:])
