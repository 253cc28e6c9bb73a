// Package numberplan reads telephone numbers by the numbering plans of the world, as github.com/nyaruka/phonenumbers knows
// them: in the forms in which people of a region write them, or in international form.
//
// What counts as a number is what is possible, not what is known to be assigned: length and country code must fit, the
// digits after them may be anything. The library's data lag behind the plans, so that a strict check would refuse people
// whose numbers are of a new range; and a text to a number that nobody has is refused by the provider, by that number.
package numberplan
