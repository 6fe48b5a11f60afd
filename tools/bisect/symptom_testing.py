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

"""A command for `bisect --command` in trials: fails where a file lacks a text.

    python3 symptom_testing.py TREE FILE TEXT [SHARE,FALSE_SHARE,KEY]

It uses the standard library alone, to start quickly.
"""

import hashlib
import json
import os
import pathlib
import sys


def shows(failing: bool, noise: str) -> bool:
  """Returns whether a failure shows in this run, by how often it shows at all.

  Args:
    failing: Whether there is one.
    noise: `SHARE,FALSE_SHARE,KEY`: how often it shows, and falsely, and what
      else than BISECT_SEED the chance of a run depends on.

  Returns:
    Whether it shows; the same each time for the same key and seed.
  """
  share, false_share, key = noise.split(',', 2)
  text = f'{key} {os.environ.get("BISECT_SEED", "1")}'
  chance = int(hashlib.sha256(text.encode()).hexdigest()[:12], 16) / 16**12
  return chance < float(share if failing else false_share)


if __name__ == '__main__':
  tree, name, text, *chances = sys.argv[1:]
  content = (pathlib.Path(tree) / name).read_text(encoding='utf-8')
  compile(content, name, 'exec')  # Another failure than the one looked for.
  wrong = text not in content
  if shows(wrong, chances[0]) if chances else wrong:
    print(json.dumps({'failures': [f'{name} lacks {text}']}))
    sys.exit(1)
