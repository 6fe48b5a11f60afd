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

"""The one kind of error that is the user's to mend.

Every command of this project turns an `InputError` into one line on standard
error and exit code 2. Anything else is a defect and keeps its traceback. The
module needs nothing but the standard library, so that the bootstrap, which runs
before any environment exists, shares it.
"""

import functools
import sys
from typing import Callable


class InputError(ValueError):
  """Bad input. The message names the thing that is wrong and the mend."""


def one_line(message: object) -> str:
  """Folds `message` to one line of text."""
  return ' '.join(str(message).split())


def exits_with_one_line(main: Callable[..., int | None]):
  """Decorates a `main` so that an `InputError` ends it with one line.

  Args:
    main: The function to wrap. What it returns becomes the return value.

  Returns:
    The wrapped function. It calls `sys.exit(2)` on an `InputError`.
  """

  @functools.wraps(main)
  def wrapper(*args, **kwargs):
    try:
      return main(*args, **kwargs)
    except InputError as error:
      print(f'error: {one_line(error)}', file=sys.stderr, flush=True)
      sys.exit(2)

  return wrapper
