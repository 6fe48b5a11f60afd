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

"""Prints where each package of the mirror is, as NAME=FOLDER, for Bazel."""

import argparse
import sys
from typing import Sequence

from tfmot_contrib import errors
from tools.mirror import fork


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Finds the mirror, or makes it in the cache."""
  argparse.ArgumentParser(prog='make', description=__doc__).parse_args(argv)
  for package, folder in fork.packages().items():
    print(f'{package}={folder}')


if __name__ == '__main__':
  main(sys.argv[1:])
