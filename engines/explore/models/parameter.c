/* SPDX-License-Identifier: MIT */
/*
 * Reads the parameters of the built-in models.
 *
 * Invariant: every refusal names the model, the option, what is accepted and what was given.
 */
#include "builtin.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int nwi_parameter_bad(const struct nwi_parameters *parameters, const char *format, ...)
{
	va_list args;
	size_t used;

	if (!parameters->diag)
		return -EINVAL;
	snprintf(parameters->diag->text, sizeof(parameters->diag->text),
		 "%s: ", parameters->model->name);
	used = strlen(parameters->diag->text);
	va_start(args, format);
	vsnprintf(parameters->diag->text + used, sizeof(parameters->diag->text) - used, format,
		  args);
	va_end(args);
	return -EINVAL;
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

int nwi_parameter_only(const struct nwi_parameters *parameters, const char *const *known,
		       size_t known_count)
{
	for (size_t i = 0; i < parameters->count; i++) {
		const char *name = parameters->names[i];

		if (!is_among(name, known, known_count))
			return nwi_parameter_bad(parameters, "no parameter --%s; it takes %s", name,
						 known_count ? parameters->model->parameters
							     : "none");
		if (is_among(name, parameters->names, i))
			return nwi_parameter_bad(parameters, "--%s is given twice", name);
	}
	return 0;
}

const char *nwi_parameter_text(const struct nwi_parameters *parameters, const char *name)
{
	for (size_t i = 0; i < parameters->count; i++) {
		if (strcmp(parameters->names[i], name) == 0)
			return parameters->values[i];
	}
	return NULL;
}

/* Digits at *at, as many as there are; false: none, or more than 18, which no model can mean. */
static bool parse_digits(const char **at, uint64_t *ret_value)
{
	const char *p = *at;
	uint64_t value = 0;

	while (*p >= '0' && *p <= '9' && p - *at < 18)
		value = value * 10 + (uint64_t)(*p++ - '0');
	if (p == *at || (*p >= '0' && *p <= '9'))
		return false;
	*at = p;
	*ret_value = value;
	return true;
}

bool nwi_parse_size(const char *text, uint64_t *ret_width, uint64_t *ret_height)
{
	uint64_t width, height;

	if (!parse_digits(&text, &width) || *text++ != 'x')
		return false;
	if (!parse_digits(&text, &height) || *text)
		return false;
	*ret_width = width;
	*ret_height = height;
	return true;
}

int nwi_parameter_number(const struct nwi_parameters *parameters, const char *name, uint64_t min,
			 uint64_t max, uint64_t *ret_value)
{
	const char *text = nwi_parameter_text(parameters, name), *at = text;
	uint64_t value;

	if (!text)
		return 0;
	if (!parse_digits(&at, &value) || *at || value < min || value > max)
		return nwi_parameter_bad(parameters, "--%s %llu..%llu, not %s", name,
					 (unsigned long long)min, (unsigned long long)max, text);
	*ret_value = value;
	return 0;
}
