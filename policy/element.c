/* SPDX-License-Identifier: BSD-3-Clause */
/* Elements of encoding descriptions: those acted on, and those of the vendor's that are left alone.
 */
#include "policy/element.h"

#include <string.h>
#include <strings.h>

#include "policy/description.h"
#include "policy/nearest.h"

#define AT(member) offsetof(struct description, member)

const struct element elements[] = {
    {"BlockCard", IN_APPLICATION, ELEMENT_BOOLEAN, true, AT(block_card)},

    {"InitToken", IN_DESCRIPTION, ELEMENT_BOOLEAN, true, AT(init_token)},
    {"InitialLabel", IN_DESCRIPTION, ELEMENT_VALUE, true, AT(label)},
    {"SetPIN", IN_DESCRIPTION, ELEMENT_BOOLEAN, true, AT(set_pin)},
    {"PIN", IN_DESCRIPTION, ELEMENT_PIN, true, AT(pin)},
    {"InitialPUK", IN_DESCRIPTION, ELEMENT_PUK, true, AT(initial_puk)},
    {"PUK", IN_DESCRIPTION, ELEMENT_PUK, true, AT(puk)},
    {"CardManagerKey", IN_DESCRIPTION, ELEMENT_KEY, true, AT(card_manager_key)},
    {"NewCardManagerKey", IN_DESCRIPTION, ELEMENT_KEY, true, AT(new_card_manager_key)},
    {"UseCardManagerKey", IN_DESCRIPTION, ELEMENT_BOOLEAN, true, AT(use_card_manager_key)},
    {"InitCRKey", IN_DESCRIPTION, ELEMENT_BOOLEAN, true, AT(init_cr_key)},
    {"DisableDerivation", IN_DESCRIPTION, ELEMENT_BOOLEAN, true, ELEMENT_NOWHERE},
    {"ClearFields", IN_DESCRIPTION, ELEMENT_LIST, true, ELEMENT_NOWHERE},
    {"UseSelectCriteriaIccsn", IN_DESCRIPTION, ELEMENT_BOOLEAN, true, AT(select_by_serial)},
    {"SelectCriteriaIccsn", IN_DESCRIPTION, ELEMENT_VALUE, true, AT(serial)},
    {"PKCS11Library", IN_DESCRIPTION, ELEMENT_RAW, true, ELEMENT_NOWHERE},
    {"PKCS11LibraryLinux", IN_DESCRIPTION, ELEMENT_RAW, true, ELEMENT_NOWHERE},

    {"Type", IN_ENCODING, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"Subtype", IN_ENCODING, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"Devices", IN_ENCODING, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"SkipEject", IN_ENCODING, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"MessagingServerField", IN_ENCODING, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"PKCS11LibraryWindows", IN_DESCRIPTION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"PKCS11LibraryWindows32", IN_DESCRIPTION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"PKCS11LibraryWindows64", IN_DESCRIPTION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"PKCS11LibraryMac", IN_DESCRIPTION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"MiniDriverLibrary", IN_DESCRIPTION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"RetrieveAllTokens", IN_DESCRIPTION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"ApduFile", IN_APPLICATION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"WriteCertificate", IN_APPLICATION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"Certificate", IN_APPLICATION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"WriteCertKeyList", IN_APPLICATION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"CertKeyList", IN_APPLICATION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"CertKeyListReturnField", IN_APPLICATION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"CertKeyListMode", IN_APPLICATION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"DataObject", IN_APPLICATION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"LabelExpressionDataObject", IN_APPLICATION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
    {"AttributesDataObject", IN_APPLICATION, ELEMENT_RAW, false, ELEMENT_NOWHERE},
};

const size_t n_elements = sizeof(elements) / sizeof(elements[0]);

static const char *const sections[] = {
    [IN_ENCODING] = "Encoding",
    [IN_FIELDS] = "Fields",
    [IN_DESCRIPTION] = "Description",
    [IN_APPLICATION] = "Application_X",
};

static const char application[] = "Application_";

const struct element *
element_find(const char *name, bool any_case)
{
	for (size_t i = 0; i < n_elements; i++) {
		if (strcmp(name, elements[i].name) == 0)
			return &elements[i];
	}
	for (size_t i = 0; any_case && i < n_elements; i++) {
		if (strcasecmp(name, elements[i].name) == 0)
			return &elements[i];
	}
	return NULL;
}

const char *
element_nearest(const char *name)
{
	struct nearest n;

	nearest_begin(&n, name);
	for (size_t i = 0; i < n_elements; i++)
		nearest_offer(&n, elements[i].name);
	return n.best;
}

bool
element_is_secret(const struct element *e)
{
	return e->type == ELEMENT_PIN || e->type == ELEMENT_PUK || e->type == ELEMENT_KEY;
}

enum element_section
section_find(const char *name, bool *exact)
{
	size_t prefix = sizeof(application) - 1;

	for (unsigned i = IN_ENCODING; i <= IN_DESCRIPTION; i++) {
		if (strcasecmp(name, sections[i]) == 0) {
			*exact = strcmp(name, sections[i]) == 0;
			return (enum element_section)i;
		}
	}
	if (strncasecmp(name, application, prefix) == 0 && name[prefix] != '\0') {
		*exact = strncmp(name, application, prefix) == 0;
		return IN_APPLICATION;
	}
	*exact = false;
	return IN_NOTHING;
}

const char *
section_name(enum element_section section)
{
	return section == IN_NOTHING ? "?" : sections[section];
}
