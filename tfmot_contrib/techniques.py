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

"""Reads the list of techniques: techniques.bzl, which BUILD files load too."""

import ast
import pathlib

PATH = 'tfmot_contrib/techniques.bzl'


def names() -> list[str]:
  """Returns the names of the folders of all techniques, as they are listed."""
  path = pathlib.Path(__file__).with_suffix('.bzl')
  return parse(path.read_text(encoding='utf-8'))


def parse(text: str) -> list[str]:
  """Returns the names in a list.

  Args:
    text: Of techniques.bzl.

  Returns:
    The names.

  Raises:
    ValueError: There is no such list in it.
  """
  for node in ast.parse(text).body:
    if isinstance(node, ast.Assign):
      if ast.unparse(node.targets[0]) == 'TECHNIQUES':
        return ast.literal_eval(node.value)
  raise ValueError(f'{PATH} has no list TECHNIQUES: restore it with git')
