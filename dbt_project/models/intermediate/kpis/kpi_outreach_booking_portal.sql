{{ booked_by('portal') }}
