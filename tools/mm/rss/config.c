// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ini.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "container.h"
#include "message.h"
#include "size.h"

/* The section of settings that are for all containers */
#define GENERAL		"rssd"

/* Of a section's name, in the parser */
#define SECTION_MAX	49

#define BLANKS		" \t\r\n\v\f"

struct parser {
	struct config *config;
	FILE *file;
	int line;		/* that was read last */
	const char *why;	/* the first error, and where */
	int why_line;
	char *detail;		/* what the error is about */
};

struct key {
	const char *name;
	const char *(*parse)(const char *value, void *to);
	size_t offset;
};

static const char *parse_pattern(const char *value, void *to)
{
	char **pattern = to;

	if (!value[strspn(value, "/")])
		return "no pattern";
	*pattern = container_name(value);
	return *pattern ? NULL : "matches no name";
}

static const char *parse_mark(const char *value, void *to)
{
	if (!strcmp(value, "max"))
		return "not a size";
	return share_parse(value, sysconf(_SC_PAGESIZE), to);
}

static const char *parse_limit(const char *value, void *to)
{
	return share_parse(value, sysconf(_SC_PAGESIZE), to);
}

static const char *parse_step(const char *value, void *to)
{
	unsigned long long *step = to;
	const char *why;

	why = size_parse(value, sysconf(_SC_PAGESIZE), step);
	if (!why && (!*step || *step == SIZE_UNLIMITED))
		why = "not a size to reclaim";
	return why;
}

static const char *parse_seconds(const char *value, void *to)
{
	double *seconds = to;
	char *end;

	*seconds = strtod(value, &end);
	if (end == value || *end || !(*seconds > 0 && *seconds <= 86400))
		return "not a number of seconds, up to 86400";
	return NULL;
}

#define KEY(name, parse, type, member) { name, parse, offsetof(type, member) }

static const struct key general_keys[] = {
	KEY("step", parse_step, struct config, step),
	KEY("backoff", parse_seconds, struct config, backoff),
	KEY("backoff-max", parse_seconds, struct config, backoff_max),
	{ }
};

enum { CONTAINERS, HIGH, LOW, LIMIT };

static const struct key rule_keys[] = {
	[CONTAINERS] = KEY("containers", parse_pattern, struct rule, containers),
	[HIGH] = KEY("high", parse_mark, struct rule, high),
	[LOW] = KEY("low", parse_mark, struct rule, low),
	[LIMIT] = KEY("limit", parse_limit, struct rule, limit),
	{ }
};

static int error_at(struct parser *p, int line, const char *detail,
		    const char *why)
{
	if (!p->why) {
		p->why = why;
		p->why_line = line;
		p->detail = allocated(strdup(detail));
	}
	return 0;
}

static int parse_key(struct parser *p, const struct key *keys, void *object,
		     unsigned int *given, const char *name, const char *value)
{
	const char *why;
	int i;

	for (i = 0; keys[i].name && strcmp(keys[i].name, name); i++)
		;
	if (!keys[i].name)
		return error_at(p, p->line, name, "no such key");
	if (*given & 1 << i)
		return error_at(p, p->line, name, "given a second time");
	*given |= 1 << i;
	why = keys[i].parse(value, (char *)object + keys[i].offset);
	return why ? error_at(p, p->line, name, why) : 1;
}

/* Sections may be continued later. */
static struct rule *find_rule(struct parser *p, const char *section)
{
	struct config *c = p->config;
	struct rule *rule;
	size_t i;

	for (i = 0; i < c->nr_rules; i++)
		if (!strcmp(c->rules[i].section, section))
			return &c->rules[i];
	c->rules = allocated(reallocarray(c->rules, c->nr_rules + 1,
					  sizeof(*c->rules)));
	rule = &c->rules[c->nr_rules++];
	*rule = (struct rule){ .line = p->line };
	rule->section = allocated(strdup(section));
	return rule;
}

static int handle(void *user, const char *section, const char *name,
		  const char *value)
{
	struct parser *p = user;
	struct rule *rule;

	if (!*section)
		return error_at(p, p->line, name, "not in a section");
	if (!strcmp(section, GENERAL))
		return parse_key(p, general_keys, p->config, &p->config->given,
				 name, value);
	rule = find_rule(p, section);
	return parse_key(p, rule_keys, rule, &rule->given, name, value);
}

/* What the parser would cut or skip, without a word. */
static const char *check_section(const char *text)
{
	const char *end;

	text += strspn(text, BLANKS);
	end = *text == '[' ? strchr(text, ']') : NULL;
	if (!end)
		return NULL;
	if (end - text - 1 > SECTION_MAX)
		return "name of a section is too long";
	end += 1 + strspn(end + 1, BLANKS);
	return *end && *end != ';' ? "something behind the section" : NULL;
}

/* As fgets(), but counts lines, and has none that does not fit. */
static char *read_line(char *text, int size, void *stream)
{
	struct parser *p = stream;
	const char *why;

	if (!fgets(text, size, p->file))
		return NULL;
	p->line++;
	why = check_section(text);
	if (!strchr(text, '\n') && !feof(p->file))
		why = "too long";
	if (!why)
		return text;
	error_at(p, p->line, "line", why);
	return NULL;
}

static void check_rule(struct parser *p, struct rule *rule)
{
	unsigned int marks = BIT(HIGH) | BIT(LOW);

	rule->has_limit = rule->given & BIT(LIMIT);
	rule->has_marks = rule->given & marks;
	if (!(rule->given & BIT(CONTAINERS)) ||
	    !(rule->has_limit || rule->has_marks) ||
	    (rule->has_marks && (rule->given & marks) != marks))
		error_at(p, rule->line, rule->section,
			 "takes containers, high and low, or containers and limit");
	if (!rule->has_marks)
		return;
	if (rule->high.is_percent != rule->low.is_percent)
		error_at(p, rule->line, rule->section,
			 "high and low must both be sizes, or shares of the limit");
	if (rule->low.value >= rule->high.value)
		error_at(p, rule->line, rule->section,
			 "low must be less than high");
}

static char *parse(struct parser *p, const char *path)
{
	struct config *c = p->config;
	int line;
	size_t i;

	/* What looks indented belongs to no line before it. */
	ini_allow_multiline = false;
	line = ini_parse_stream(read_line, p, handle, p);
	if (line > 0 && (!p->why || line < p->why_line))
		return format("%s:%d: neither [section] nor key = value", path,
			      line);
	for (i = 0; i < c->nr_rules && !p->why; i++)
		check_rule(p, &c->rules[i]);
	if (p->why)
		return format("%s:%d: %s: %s", path, p->why_line, p->detail,
			      p->why);
	if (c->backoff > c->backoff_max)
		return format("%s: backoff is more than backoff-max", path);
	return NULL;
}

/* A pipe may never have a writer, or an end. */
static FILE *open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	FILE *file = NULL;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)))
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	else
		file = fdopen(fd, "r");
	if (!file)
		close(fd);
	return file;
}

char *config_load(struct config *config, const char *path)
{
	struct parser p = { .config = config };
	char *why;

	*config = (struct config){
		.step = 4ULL << 20,
		.backoff = 1,
		.backoff_max = 60,
	};
	p.file = open_regular(path);
	if (!p.file && (errno == EISDIR || errno == EINVAL))
		return format("%s: cannot be read: not a regular file", path);
	if (!p.file)
		return format("%s: %s", path, strerror(errno));
	why = parse(&p, path);
	if (!why && ferror(p.file))
		why = format("%s: cannot be read", path);
	fclose(p.file);
	free(p.detail);
	if (why)
		config_free(config);
	return why;
}

void config_free(struct config *config)
{
	struct rule *rule;

	while (config->nr_rules) {
		rule = &config->rules[--config->nr_rules];
		free(rule->section);
		free(rule->containers);
	}
	free(config->rules);
	config->rules = NULL;
}

const struct rule *config_rule(const struct config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->nr_rules; i++)
		if (!fnmatch(config->rules[i].containers, name, FNM_PATHNAME))
			return &config->rules[i];
	return NULL;
}

/* Wildcards do not match slashes: each level of a name has its own pattern. */
static bool reaches_below(const char *pattern, const char *name)
{
	const char *end = pattern - 1, *slash = name;
	bool reaches;
	char *above;

	if (!strcmp(name, "/"))
		return true;
	do {
		end = strchr(end + 1, '/');
		slash = strchr(slash + 1, '/');
	} while (end && slash);
	if (!end)
		return false;
	above = format("%.*s", (int)(end - pattern), pattern);
	reaches = !fnmatch(above, name, FNM_PATHNAME);
	free(above);
	return reaches;
}

bool config_reaches_below(const struct config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->nr_rules; i++)
		if (reaches_below(config->rules[i].containers, name))
			return true;
	return false;
}
