# SPDX-License-Identifier: GPL-2.0-only
# Reads one KTAP report. Prints each failure, then "passed failed skipped".
# Only results without nested results are counted; anything that makes the
# report incomplete is a failure.

function failure(why)
{
	print "not ok: " why
	failed++
	here++
}

# Closes the reports that are indented deeper than @depth.
function close_below(depth,   d)
{
	for (d in results) {
		if (d + 0 <= depth)
			continue
		# KUnit plans suites and cases, but not the parameters of a case.
		if (!(d in plan) && d + 0 < 8)
			failure("a report has no plan")
		else if (d in plan && plan[d] != results[d])
			failure(results[d] " results for a plan of " plan[d])
		delete plan[d]
		delete results[d]
	}
}

{
	sub(/\r$/, "")
	match($0, /^ */)
	depth = RLENGTH
	line = substr($0, depth + 1)
}

line ~ /^1\.\.[0-9]+/ {
	plan[depth] = substr(line, 4) + 0
	results[depth] += 0
	if (plan[depth] == 0 && toupper(line) ~ /# SKIP/)
		skipped++
}

line ~ /^(not )?ok [0-9]+/ {
	nested = 0
	for (d in results)
		nested = nested || d + 0 > depth
	before = failed
	close_below(depth)
	results[depth]++

	name = line
	sub(/^(not )?ok [0-9]+ *(- )?/, "", name)
	if (line ~ /^not ok/ && !(nested && here))
		failure(name)
	else if (nested)
		;
	else if (toupper(line) ~ /# SKIP/)
		skipped++
	else
		passed++
	if (depth == 0)
		here = 0
}

line ~ /^Bail out!/ {
	failure(line)
}

depth == 0 && line ~ /^# exit status / {
	status = $NF
}

END {
	close_below(-1)
	# kselftests end with 1 if a case failed and with 4 if all were skipped.
	if (status && status != 4 && !(status == 1 && failed))
		failure("exit status " status)
	if (!(passed + failed + skipped))
		failure("no test")
	print passed + 0, failed + 0, skipped + 0
}
